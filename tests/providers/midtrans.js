// midtrans.js - midtrans-client 1.4.3 against our simulator: create, pay, status, cancel, expire, approve, deny,
// refund, notification. The signatures of what the simulator sends are computed here, by Node's own SHA-512.
'use strict'

const assert = require('node:assert')
const { spawn } = require('node:child_process')
const crypto = require('node:crypto')
const http = require('node:http')
const net = require('node:net')
const test = require('node:test')

const KEY = 'SB-Mid-server-DEMO'
const ApiConfig = require('midtrans-client/lib/apiConfig')
const { Snap, CoreApi } = require('midtrans-client')

let simulator, receiver, base, snap, core
const notifications = []
const orderId = () => crypto.randomUUID()

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function receive(req, res) {
  let body = ''
  req.on('data', (part) => { body += part })
  req.on('end', () => {
    notifications.push({ agent: req.headers['user-agent'], type: req.headers['content-type'], body: JSON.parse(body) })
    res.end('{}')
  })
}

async function waitFor(what, happened) {
  for (let i = 0; i < 300; i++) {
    const answer = await happened()
    if (answer) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`waited in vain for ${what}`)
}

async function startSimulator(style) {
  const port = await freePort()
  base = `http://127.0.0.1:${port}`
  simulator = spawn(process.env.SIMULATOR, {
    env: { SIM_LISTEN: `127.0.0.1:${port}`, SIM_PUBLIC_URL: base, SIM_SERVER_KEY: KEY, SIM_ANSWER_STYLE: style,
      SIM_NOTIFICATION_URL: `http://127.0.0.1:${receiver.address().port}/webhook`, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await waitFor('the simulator', () => fetch(`${base}/readyz`).then((r) => r.ok, () => false))
  ApiConfig.CORE_SANDBOX_BASE_URL = base
  ApiConfig.SNAP_SANDBOX_BASE_URL = `${base}/snap/v1`
  snap = new Snap({ isProduction: false, serverKey: KEY })
  core = new CoreApi({ isProduction: false, serverKey: KEY })
}

async function create(extra = {}) {
  const id = orderId()
  const made = await snap.createTransaction({ transaction_details: { order_id: id, gross_amount: 145000 },
    credit_card: { secure: true }, ...extra })
  assert.match(made.token, /^[0-9a-f-]{36}$/)
  assert.ok(made.redirect_url.endsWith(made.token))
  return { id, url: made.redirect_url, token: made.token }
}

const pay = (made, method, outcome) =>
  fetch(`${made.url}/pay`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ method, outcome }) })

async function paid(method, outcome) {
  const made = await create()
  assert.equal((await pay(made, method, outcome)).status, 200)
  return made
}

const refused = (code) => (error) => String(error.httpStatusCode) === String(code)

const told = (id, status) => waitFor(`${status} of ${id}`,
  () => notifications.find((n) => n.body.order_id === id && n.body.transaction_status === status))

function assertSigned(body) {
  const text = body.order_id + body.status_code + body.gross_amount + KEY
  assert.equal(body.signature_key, crypto.createHash('sha512').update(text).digest('hex'))
}

test.before(async () => {
  receiver = http.createServer(receive)
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
})
test.after(() => receiver.close())

for (const style of ['body', 'http']) {
  test(`answers in the ${style}`, async (t) => {
    await startSimulator(style)
    t.after(() => simulator.kill())

    await t.test('a wrong key and a wrong sum are refused', async () => {
      const stranger = new Snap({ isProduction: false, serverKey: 'SB-Mid-server-other' })
      const wish = { transaction_details: { order_id: orderId(), gross_amount: 145000 } }
      await assert.rejects(stranger.createTransaction(wish), refused(401))
      await assert.rejects(snap.createTransaction({ ...wish, item_details: [{ name: 'a', price: 1, quantity: 1 }] }),
        (error) => refused(400)(error) && /sum of item_details/.test(error.message))
    })

    await t.test('nothing is there before a method is chosen', async () => {
      await assert.rejects(core.transaction.status((await create()).id), refused(404))
    })

    await t.test('paid by bank transfer', async () => {
      const made = await paid('bank_transfer', 'pending')
      assert.equal((await core.transaction.status(made.id)).transaction_status, 'pending')
      await pay(made, 'bank_transfer', 'settlement')
      const status = await core.transaction.status(made.id)
      assert.equal(status.transaction_status, 'settlement')
      assert.equal(status.status_code, '200')
      assertSigned(status)
      const note = await told(made.id, 'settlement')
      assert.equal(note.agent, 'Veritrans')
      assertSigned(note.body)
      assert.equal(note.body.gross_amount, '145000.00')
      assert.ok(note.body.va_numbers[0].va_number)
      assert.equal((await core.transaction.notification(note.body)).transaction_id, note.body.transaction_id)
      await assert.rejects(core.transaction.refund(made.id, { refund_key: 'r', amount: 1000 }), refused(414))
    })

    await t.test('cancelled and expired', async () => {
      const cancelled = await paid('gopay', 'pending')
      assert.equal((await core.transaction.cancel(cancelled.id)).transaction_status, 'cancel')
      await told(cancelled.id, 'cancel')
      await assert.rejects(core.transaction.cancel(cancelled.id), refused(412))
      const expired = await paid('bank_transfer', 'pending')
      const answer = await core.transaction.expire(expired.id).catch((error) => error.ApiResponse)
      assert.equal(answer.transaction_status, 'expire')
      assert.equal(answer.status_code, '407')
      assert.equal((await told(expired.id, 'expire')).body.status_code, '202')
    })

    await t.test('reviewed', async () => {
      const good = await paid('credit_card', 'challenge')
      assert.equal((await told(good.id, 'capture')).body.fraud_status, 'challenge')
      assert.equal((await core.transaction.approve(good.id)).fraud_status, 'accept')
      const bad = await paid('credit_card', 'challenge')
      assert.equal((await core.transaction.deny(bad.id)).transaction_status, 'deny')
      await assert.rejects(core.transaction.approve(bad.id), refused(412))
    })

    await t.test('refunded', async () => {
      const made = await paid('qris', 'settlement')
      const part = await core.transaction.refund(made.id, { refund_key: 'a', amount: 45000, reason: 'broken' })
      assert.equal(part.transaction_status, 'partial_refund')
      assert.equal(part.refund_amount, '45000.00')
      await assert.rejects(core.transaction.refund(made.id, { refund_key: 'a', amount: 45000 }), refused(406))
      await assert.rejects(core.transaction.refund(made.id, { refund_key: 'b', amount: 145000 }), refused(414))
      const rest = await core.transaction.refundDirect(made.id, { refund_key: 'c', amount: 100000 })
      assert.equal(rest.transaction_status, 'refund')
      assert.equal((await core.transaction.status(made.id)).refund_amount, '145000.00')
      await told(made.id, 'refund')
    })

    await t.test('refused, then paid with another card', async () => {
      const made = await paid('credit_card', 'deny')
      const first = (await told(made.id, 'deny')).body.transaction_id
      await pay(made, 'credit_card', 'capture')
      assert.notEqual((await told(made.id, 'capture')).body.transaction_id, first)
      assert.equal((await fetch(made.url)).status, 200)
    })

    await t.test('a page that was closed takes nobody, and one with a finish URL leads there', async () => {
      const closed = await create()
      const auth = `Basic ${Buffer.from(`${KEY}:`).toString('base64')}`
      const answer = await fetch(`${base}/snap/v1/transactions/${closed.token}/cancel`,
        { method: 'POST', headers: { Authorization: auth } })
      assert.ok((await answer.json()).canceled_at)
      assert.equal((await pay(closed, 'qris', 'settlement')).status, 410)
      const back = await create({ callbacks: { finish: 'http://shop.example/done?x=1' } })
      const way = await pay(back, 'qris', 'settlement')
      assert.equal(way.headers.get('location'),
        `http://shop.example/done?x=1&order_id=${back.id}&status_code=200&transaction_status=settlement`)
    })
  })
}
