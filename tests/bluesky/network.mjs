// A whole Bluesky network on this machine (npm @atproto/dev-env): directory, personal data server, relay, view. Says where it is
// and who has accounts there, in one line of JSON, and runs until its input ends or it is asked to stop.
import { TestNetwork } from '@atproto/dev-env'
import { AtpAgent } from '@atproto/api'

const CUSTOMERS = 5

const network = await TestNetwork.create({
  dbPostgresSchema: 'bsky',
  pds: { hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { dbPostgresSchema: 'bsky' },
})

async function account(name) {
  const agent = new AtpAgent({ service: network.pds.url })
  const password = `password of ${name}`
  await agent.createAccount({ handle: `${name}.test`, email: `${name}@example.test`, password })
  return { handle: `${name}.test`, did: agent.session.did, password }
}

const company = await account('kettles')
const customers = []
for (let n = 0; n < CUSTOMERS; n += 1) customers.push(await account(`customer${n}`))
await network.processAll()
console.log(JSON.stringify({ url: network.pds.url, company, customers }))

async function stop() {
  await network.close()
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.stdin.on('end', stop)
process.stdin.resume()
