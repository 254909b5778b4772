import { connect } from 'node:net';

/** What a server answers to these very bytes, until it ends the connection. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  const { port } = new URL(url);
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
    let received = '';
    socket.on('data', (data) => (received += data.toString('latin1')));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}
