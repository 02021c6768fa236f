/** A double of Microsoft Graph mail and Entra ID for tests: in process and on loopback. Named re-exports only. */

export { createControl, type SimulatorControl } from "./door/control-client.js";
export type { LoopbackDoor } from "./door/loopback.js";
export { type SimulatorFetchOptions, simulatorFetch } from "./door/simulator-fetch.js";
export { simulatorUrl } from "./door/simulator-url.js";
export type { AppState } from "./entra/app.js";
export type { SignInWay } from "./entra/session.js";
export type {
  AttachmentDamage,
  NewAttachment,
  NewFileAttachment,
  NewItem,
  NewItemAttachment,
  NewReferenceAttachment,
} from "./mailbox/attachment.js";
export type { DamageOptions } from "./mailbox/damage.js";
export type { MailboxLanguage } from "./mailbox/mailbox-language.js";
export type { MailAddress, NewMessage } from "./mailbox/message.js";
export type {
  SimulatedAttachment,
  SimulatedFolder,
  SimulatedMailbox,
  SimulatedMessage,
  UnseenOptions,
} from "./mailbox/simulated-mailbox.js";
export type { SimulatedSecret } from "./secret-channel.js";
export { type Quirks, type SimulatorOptions, simulatorDefaults } from "./settings.js";
export type { NewUser, RecreateOptions, SimulatedUser } from "./simulated-user.js";
export { createSimulator, type ListenOptions, type Simulator } from "./simulator.js";
export type { Expectation, Expected, ExpectedRoute } from "./stub/expectation.js";
export { type GraphStub, type StubbedRequest, type StubOptions, stubGraph } from "./stub/graph-stub.js";
export type { NockInterceptor, NockLike, NockReply, NockScope } from "./stub/nock-contract.js";
export type { Fault, Faults } from "./traffic/fault.js";
export type { LogEntry, LogFilter, RequestLog } from "./traffic/request-log.js";
export type { RouteName } from "./traffic/route-name.js";
export type { UserState } from "./user-state.js";
