// @ts-check
// Files from the page, on their way to the kernel.

const PIECE_BYTES = 4e6; // of a file in one message; servers take 10 MB
const FILE_BYTES = 1e8;

/**
 * Say why a file cannot be uploaded; "" when it can.
 *
 * @param {File} file
 */
function refusal(file) {
  if (file.size <= FILE_BYTES) return "";
  const megabytes = Math.round(file.size / 1e6);
  return `${file.name} has ${megabytes} MB: attach a file of at most ${FILE_BYTES / 1e6} MB.`;
}

/**
 * Send a file in pieces. An empty file is one empty piece.
 *
 * @param {File} file
 * @param {string} name
 * @param {Say} say
 */
async function upload(file, name, say) {
  const bytes = await file.arrayBuffer();
  const key = `${Date.now()} ${Math.random()}`;
  for (let at = 0; at === 0 || at < bytes.byteLength; at += PIECE_BYTES) {
    const last = at + PIECE_BYTES >= bytes.byteLength;
    say("upload", { name, key, last }, [new DataView(bytes.slice(at, at + PIECE_BYTES))]);
  }
}

export { PIECE_BYTES, refusal, upload };
