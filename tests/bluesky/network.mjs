// A whole Bluesky network on this machine (npm @atproto/dev-env): directory, personal data server, relay, view. Says where it is
// and who has accounts there, in one line of JSON, and runs until its input ends or it is asked to stop. `url` is the personal
// data server, which people sign in to and which asks the view for `app.bsky.*`; `appview` and `plc` are the other two.
import net from 'node:net'
import { TestNetwork } from '@atproto/dev-env'
import { AtpAgent } from '@atproto/api'

const CUSTOMERS = 5
// How long stopping may take.
const PATIENCE_MS = 10_000

// Its servers name a port only, which would be every address of this machine; and they have passwords that anybody knows.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  if (typeof port !== 'number' || typeof rest[0] === 'string') return listen.call(this, port, ...rest)
  return listen.call(this, { port, host: '127.0.0.1' }, ...rest)
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

// Where the view says that pictures lie: with itself, not at a host elsewhere.
const port = await freePort()
const network = await TestNetwork.create({
  dbPostgresSchema: 'bsky',
  pds: { hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { dbPostgresSchema: 'bsky', port, publicUrl: `http://localhost:${port}` },
})

async function account(name) {
  const agent = new AtpAgent({ service: network.pds.url })
  const password = `password of ${name}`
  await agent.createAccount({ handle: `${name}.test`, email: `${name}@example.test`, password })
  return { handle: `${name}.test`, did: agent.session.did, password }
}

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(1), PATIENCE_MS)
  await network.close()
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.stdin.on('end', stop)
process.stdin.resume()

const company = await account('kettles')
const customers = []
for (let n = 0; n < CUSTOMERS; n += 1) customers.push(await account(`customer${n}`))
await network.processAll()
console.log(
  JSON.stringify({ url: network.pds.url, appview: network.bsky.url, plc: network.plc.url, company, customers }),
)
