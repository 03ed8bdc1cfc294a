// This file keeps to syntax that every Node with ES modules parses, and imports nothing: it has to run where the rest cannot.

const OLDEST = [20, 20, 0];

/** Whether `version`, such as "20.20.2", is one that the project runs on. */
export function isSupportedNode(version) {
  const parts = version.split('.').map((part) => parseInt(part, 10));
  for (let i = 0; i < OLDEST.length; i++) {
    if (parts[i] !== OLDEST[i]) return parts[i] > OLDEST[i];
  }
  return true;
}

/** Says one clear line and sets exit code 1 when this Node is too old; otherwise returns true. */
export function requireSupportedNode() {
  if (isSupportedNode(process.versions.node)) return true;
  console.error(
    'Node ' +
      OLDEST.slice(0, 2).join('.') +
      ' or newer is needed; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').',
  );
  process.exitCode = 1;
  return false;
}
