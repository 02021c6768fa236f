/** One line for those who run `npm test`: which suites are not part of it, and what each needs. */
console.log(
  "Not part of this run: npm run chromium (Debian package chromium), npm run keychain (Debian package gnome-keyring and others, see .ci/packages).",
);
