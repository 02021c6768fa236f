/** The header by which the loopback door learns which real host was meant. Knows no request. */

/** Set by `simulatorFetch`, required by the loopback door. */
export const simulatedHostHeader = "x-simulated-host";
