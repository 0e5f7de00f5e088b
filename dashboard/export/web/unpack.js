// Reads what is packed into this file: gzip in base64, in a script element of its name.

/** The bytes of a part, which is then let go of. */
export async function bytes(name) {
  const held = document.getElementById(name);
  const packed = atob(held.textContent);
  held.remove();
  const raw = new Uint8Array(packed.length);
  for (let at = 0; at < raw.length; at++) raw[at] = packed.charCodeAt(at);
  return new Response(new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

export async function text(name) {
  return new TextDecoder().decode(await bytes(name));
}
