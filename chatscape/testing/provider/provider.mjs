// A certified OpenID Connect provider on loopback, in the standard shape, in Cognito's, and as hostile as a test asks.
//
//   node provider.mjs '{"port": 4000, "shape": "standard", "clients": [...]}'
//
// Anybody may sign in by any name. What tests change while it runs, as JSON, is put to /test/people and /test/twist;
// /test/seen says what was asked.
import { createHash } from "node:crypto";
import http from "node:http";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

import * as jose from "jose";
import { Provider } from "oidc-provider";

const { port, shape = "standard", path = "", clients } = JSON.parse(process.argv[2]);
const cognito = shape === "cognito";
const issuer = `http://127.0.0.1:${port}${path}`;
const here = `http://127.0.0.1:${port}`;
const COOKIES = ["_session", "_session.sig", "_session.legacy", "_session.legacy.sig"];

const keys = {};
for (const alg of ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]) await addKey(alg, `${alg}-1`);
let people = {};
let twist = {};
let seen = [];

async function addKey(alg, kid) {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
  keys[kid] = { alg, kid, privateKey, publicKey, jwk: { ...(await jose.exportJWK(privateKey)), alg, kid, use: "sig" } };
  return keys[kid];
}

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: Object.values(keys).map(({ jwk }) => jwk) },
  cookies: { keys: ["for tests only"] },
  claims: {
    openid: ["sub", "groups", "cognito:groups", "cognito:username", "token_use"],
    email: ["email", "email_verified"],
    profile: ["name", "given_name", "family_name", "preferred_username"],
  },
  // Cognito puts everything into the ID token.
  conformIdTokenClaims: !cognito,
  enabledJWA: { idTokenSigningAlgValues: Object.values(keys).map(({ alg }) => alg) },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: !cognito, logoutSource } },
  routes: cognito
    ? { authorization: "/oauth2/authorize", token: "/oauth2/token", userinfo: "/oauth2/userInfo", jwks: "/jwks.json" }
    : {},
  interactions: { url: (_ctx, interaction) => `/test/sign-in/${interaction.uid}` },
  ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 3600, IdToken: 300, Interaction: 600, Session: 3600 },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => claimsOf(id) }),
  loadExistingGrant,
});

/** Nobody is asked whether ChatScape may know them. */
async function loadExistingGrant(ctx) {
  const { client, session } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid email profile");
  await grant.save();
  return grant;
}

/** Ask nobody whether they mean it. */
function logoutSource(ctx, form) {
  ctx.body = `<!doctype html><title>Signing out</title><link rel="icon" href="data:,">${form}
    <button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`;
}

function claimsOf(id) {
  const plain = { email: `${id}@example.com`, email_verified: true, name: `${id[0].toUpperCase()}${id.slice(1)}` };
  const mine = { sub: id, ...plain, ...people[id] };
  return cognito ? { "cognito:username": id, token_use: "id", ...mine } : mine;
}

// What a test wants otherwise of an answer: {"status", "type", "to", "body", "set", "drop", "delay", "size", "drip",
// "trickle", "hangup"}.
provider.use(async (ctx, next) => {
  if (ctx.method !== "OPTIONS") seen.push({ path: ctx.path, query: { ...ctx.query } });
  await next();
  const place = placeOf(ctx.path);
  if (!place) return;
  if (place === "discovery" && ctx.body) ctx.body = discovery(ctx.body);
  if (place === "userinfo" && cognito && ctx.status === 200) ctx.body = inStrings(ctx.body);
  if (place === "token" && ctx.body?.id_token && twist.id_token) {
    ctx.body = { ...ctx.body, id_token: await forged(ctx.body, twist.id_token) };
  }
  if (place === "userinfo" && twist.userinfo?.jwt) await sign(ctx, twist.userinfo.jwt);
  if (twist[place]) await bend(ctx, twist[place]);
});

function placeOf(where) {
  if (where.endsWith("/.well-known/openid-configuration")) return "discovery";
  if (/\/jwks(\.json)?$/.test(where)) return "jwks";
  if (where.endsWith("/token")) return "token";
  return /\/(me|userInfo)$/.test(where) ? "userinfo" : "";
}

function discovery(body) {
  if (!cognito) return body;
  const { end_session_endpoint: _end, ...rest } = body;
  return { ...rest, authorization_endpoint: `${here}/oauth2/authorize`, token_endpoint: `${here}/oauth2/token`,
    userinfo_endpoint: `${here}/oauth2/userInfo`, jwks_uri: `${here}/jwks.json` };
}

/** Cognito's userinfo has no groups, and says true in a string. */
function inStrings(body) {
  const { "cognito:groups": _groups, "cognito:username": _name, token_use: _use, ...rest } = body;
  return "email_verified" in rest ? { ...rest, email_verified: String(rest.email_verified) } : rest;
}

/** Answer with a signed token instead of an object, which may be forged like an ID token. */
async function sign(ctx, wanted) {
  const claims = { iss: issuer, aud: clients[0].client_id, ...ctx.body };
  ctx.body = await forged({ id_token: `${encoded({ alg: "RS256", kid: "RS256-1" })}.${encoded(claims)}.e30` }, wanted);
  ctx.type = "application/jwt";
}

async function bend(ctx, { status, type, to, body, set, drop = [], delay, size, drip, trickle, hangup }) {
  if (delay) await pause(delay);
  if (body !== undefined) ctx.body = body;
  if (set || drop.length) ctx.body = without({ ...ctx.body, ...set }, drop);
  if (status) ctx.status = status;
  if (type) ctx.type = type;
  if (to) ctx.set("Location", to);
  if (size) ctx.body = { ...ctx.body, padding: "x".repeat(size) };
  if (drip) await dripping(ctx, drip);
  if (trickle) await trickling(ctx, trickle);
  if (hangup) hangUp(ctx, hangup);
}

/** End the connection before an answer, or in the midst of it. */
function hangUp(ctx, when) {
  ctx.respond = false;
  if (when === "midst") ctx.res.writeHead(200, { "Content-Length": "1000" }).write("{");
  setTimeout(() => ctx.res.destroy(), 50);
}

/** Send one byte now and then, for ever, so that no single one is late. */
async function dripping(ctx, every) {
  ctx.respond = false;
  ctx.res.writeHead(200, { "Content-Type": "application/json" });
  while (!ctx.res.destroyed) {
    ctx.res.write(" ");
    await pause(every);
  }
}

/** Never come to the end of the headers. */
async function trickling(ctx, every) {
  ctx.respond = false;
  const { socket } = ctx.res;
  socket.write("HTTP/1.1 200 OK\r\nX-Endless: ");
  while (!socket.destroyed) {
    socket.write("x");
    await pause(every);
  }
}

const without = (object, names) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

const encoded = (value) => jose.base64url.encode(JSON.stringify(value));

/** Make another ID token: {"set", "drop", "alg", "header", "key", "cut"}, and "hash" for one of the access token. */
async function forged({ id_token: token, access_token }, { set, drop = [], alg, header = {}, key, cut, hash }) {
  const was = jose.decodeProtectedHeader(token);
  const claims = without({ ...jose.decodeJwt(token), ...set }, drop);
  if (hash) claims.at_hash = half(hash, access_token);
  if (cut) return token.slice(0, cut);
  if (alg === "none") return `${encoded({ alg: "none", ...header })}.${encoded(claims)}.`;
  if (alg?.startsWith("HS")) {
    // The public key, which everybody knows, as the secret.
    const words = key === "secret" ? clients[0].client_secret : await jose.exportSPKI(keys[was.kid].publicKey);
    const secret = new TextEncoder().encode(words);
    const padded = secret.length < 32 ? new Uint8Array(32).fill(1) : secret;
    return new jose.SignJWT(claims).setProtectedHeader({ alg, kid: was.kid, ...header }).sign(padded);
  }
  const used = alg ? keys[`${alg}-1`] : keys[was.kid];
  const signing = key === "wrong" ? (await jose.generateKeyPair(used.alg)).privateKey : used.privateKey;
  const head = { ...was, alg: used.alg, kid: used.kid, ...header };
  const crit = Object.fromEntries((header.crit ?? []).map((name) => [name, true]));
  const signed = new jose.SignJWT(claims).setProtectedHeader(without(head, header.kid === null ? ["kid"] : []));
  return signed.sign(signing, { crit });
}

function half(hash, text) {
  const digest = createHash(hash).update(text).digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
}

async function bodyOf(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return text;
}

const answer = provider.callback();
const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, here);
  try {
    if (url.pathname.startsWith("/test/")) return await ours(request, response, url);
    if (cognito && url.pathname === "/logout") return logout(response, url);
    if (path && url.pathname.startsWith(`${path}/`)) request.url = request.url.slice(path.length);
    return answer(request, response);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

async function ours(request, response, url) {
  const [, , what, uid] = url.pathname.split("/");
  if (what === "sign-in") return signIn(request, response, uid);
  if (request.method === "PUT") {
    const given = JSON.parse(await bodyOf(request));
    if (what === "people") people = given;
    if (what === "twist") twist = given;
    seen = [];
  }
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(seen));
}

async function signIn(request, response, uid) {
  if (request.method !== "POST") {
    const page = `<!doctype html><html lang="en"><title>Provider</title>
      <link rel="icon" href="data:,"><h1>The provider</h1>
      <form method="post"><label>Login <input name="login" autofocus></label><button>Let me in</button>
      <button name="denied" value="1">No</button></form>`;
    response.writeHead(200, { "Content-Type": "text/html" }).end(page);
    return;
  }
  const typed = new URLSearchParams(await bodyOf(request));
  const result = typed.has("denied")
    ? { error: "access_denied", error_description: "the person said no" }
    : { login: { accountId: typed.get("login") }, consent: {} };
  request.url = `/test/sign-in/${uid}`;
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** Cognito's way: to an address that is known, and nowhere else. */
function logout(response, url) {
  seen.push({ path: url.pathname, query: Object.fromEntries(url.searchParams) });
  const client = clients.find(({ client_id }) => client_id === url.searchParams.get("client_id"));
  const target = url.searchParams.get("logout_uri");
  if (!client?.post_logout_redirect_uris?.includes(target)) {
    response.writeHead(400).end("unknown client_id or logout_uri");
    return;
  }
  const gone = COOKIES.map((name) => `${name}=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT`);
  response.writeHead(302, { Location: target, "Set-Cookie": gone }).end();
}

server.listen(port, "127.0.0.1", () => process.stdout.write(`ready at ${issuer}\n`));
