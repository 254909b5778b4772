import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { openWorkerRig } from '../support/worker/setup.ts';
import { startCommand } from '../support/cli/command.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Lets connections through to a port, or holds them without an answer. */
async function startGate(port: number) {
  const sockets = new Set<Socket>();
  let waiting = 0;
  let onWaiting: () => void = () => undefined;
  let isHolding = true;
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    if (!isHolding) {
      const onward = connect(port, '127.0.0.1').on('error', () => socket.destroy());
      socket.pipe(onward).pipe(socket);
      return;
    }
    socket.once('data', () => {
      waiting += 1;
      onWaiting();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    held: (count: number) =>
      new Promise<void>((resolve) => {
        onWaiting = () => void (waiting >= count && resolve());
        onWaiting();
      }),
    hold: (holding: boolean) => {
      isHolding = holding;
      waiting = 0;
    },
  };
}

async function setUp(variables: Record<string, string> = {}) {
  const rig = await openWorkerRig();
  const huggingFace = await startEmulatedHuggingFace({ behaviour: 'ok' });
  open.push(() => huggingFace.close());
  const gate = await startGate(Number(new URL(huggingFace.url).port));
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: gate.url,
    HF_HUB_URL: huggingFace.hubUrl,
    ...variables,
  });
  const killWith = async (count: number) => {
    gate.hold(true);
    const command = startCommand(['sync'], rig.variables);
    await gate.held(count);
    command.kill('SIGKILL');
    await command.ended;
    gate.hold(false);
  };
  return { rig, huggingFace, killWith };
}

it('repeats paid calls that a kill cut off once, and tells what may have been spent', async () => {
  const { rig, huggingFace, killWith } = await setUp();
  const ids = rig.addRows(10);
  await killWith(8);
  const { code, output } = await startCommand(['sync'], rig.variables).ended;
  expect(code, output).toBe(0);
  expect(output).toContain('and maybe $0.024');
  expect(huggingFace.generated).toBe(10);
  const reasons = ids.map((id) => rig.text(id, 'Why'));
  const told = /^Hugging Face interrupted \(maybe \$0\.003 spent\) → Hugging Face, [\d.]+ m?s, \$0\.003$/;
  expect(reasons.filter((reason) => told.test(reason))).toHaveLength(8);
  for (const id of ids) expect(rig.text(id, 'Status')).toBe('Image ready');
});

it('leaves the second interruption of one row to a person', async () => {
  const { rig, huggingFace, killWith } = await setUp();
  const [id = ''] = rig.addRows(1);
  await killWith(1);
  await killWith(1);
  const { code } = await startCommand(['sync'], rig.variables).ended;
  expect(code).toBe(1);
  expect(rig.text(id, 'Error')).toBe(
    'The worker was interrupted while Hugging Face made this picture, and $0.003 may have been spent. Set Status to "Needs image" to have it made again.',
  );
  rig.database.edit(id, { Status: 'Needs image' });
  expect((await startCommand(['sync'], rig.variables).ended).code).toBe(0);
  expect(huggingFace.generated).toBe(1);
});

it('leaves the first interruption to a person when more than five cents are at stake', async () => {
  const { rig, huggingFace, killWith } = await setUp({ HUGGINGFACE_COST_USD: '0.08' });
  const [id = ''] = rig.addRows(1);
  await killWith(1);
  expect((await startCommand(['sync'], rig.variables).ended).code).toBe(1);
  expect(rig.text(id, 'Error')).toContain('$0.08 may have been spent');
  expect(huggingFace.generated).toBe(0);
});
