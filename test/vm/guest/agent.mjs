// Runs in the guest: reads one JSON request a line from the host's virtio-serial port and starts bash for each.
//   host to guest:  {"id":1,"start":"bash script"}  {"id":1,"signal":"SIGINT"}  {"id":1,"signal":"SIGKILL","group":true}
//   guest to host:  {"ready":"6.1.0-56-amd64"}  {"id":1,"pid":7}  {"id":1,"stdout":"…"}  {"id":1,"stderr":"…"}  {"id":1,"code":0,"signal":null}
import { spawn } from 'node:child_process';
import { createReadStream, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { release } from 'node:os';
import { createInterface } from 'node:readline';

// Outside of a guest, PTRAP_AGENT_FD is the number of a socket in the port's place; all jobs end with it.
const ports = '/sys/class/virtio-ports';
const openPort = () =>
  openSync(
    `/dev/${readdirSync(ports).find(name => readFileSync(`${ports}/${name}/name`, 'utf8').trim() === 'agent')}`,
    'r+',
  );
const fd = Number(process.env.PTRAP_AGENT_FD ?? openPort());
const jobs = new Map();

function tell(message) {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
  } catch (error) {
    if (error.code !== 'EPIPE') throw error;
    end(); // nobody listens any more
  }
}

function start(id, script) {
  const child = spawn('/bin/bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  jobs.set(id, child);
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', text => tell({ id, [name]: text }));
  }
  child.on('error', error => tell({ id, stderr: `${error}\n` }));
  child.on('close', (code, signal) => {
    jobs.delete(id);
    tell({ id, code, signal });
  });
  tell({ id, pid: child.pid });
}

function signal({ id, signal: name, group }) {
  const pid = jobs.get(id)?.pid;
  if (pid === undefined) return;
  try {
    process.kill(group ? -pid : pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function end() {
  for (const id of jobs.keys()) signal({ id, signal: 'SIGKILL', group: true });
  process.exit();
}

createInterface({ input: createReadStream('', { fd }) })
  .on('line', line => {
    const request = JSON.parse(line);
    if (request.start === undefined) signal(request);
    else start(request.id, request.start);
  })
  .on('close', end);
tell({ ready: release() });
