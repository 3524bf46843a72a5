// The live page: the present state is loaded once after each (re)connection; from then on an event says what to load again.
"use strict";

const WORDS = {
  zh: {
    token: "请输入管理令牌", token_hint: "令牌在运行交换机的机器上、数据文件夹里：", token_label: "令牌", enter: "进入", token_wrong: "令牌不对。",
    agents: "坐席", queues: "队列", running: "进行中的通话", recent: "最近的录音", feed: "刚刚发生", queue: "队列", waiting: "等待",
    longest: "最长等待", offered: "今日来电", answered: "接通", abandoned: "放弃", mean_wait: "平均等待", missed: "振铃未接", live: "实时",
    lost: "连接断开，正在重连…", connecting: "正在连接…", none_running: "现在没有通话。", none_recent: "还没有录音。拨一通 95000 试试。",
    none_feed: "还没有动静。", play: "▶ 播放", playing: "■ 收起", listen: "▶ 试听", f_calls: "通话中", f_waiting: "排队", f_ready: "就绪坐席",
    f_answered: "今日接通", no_phone: "话机未注册", playing_failed: "录音取不到：", language: "English",
    states: {
      offline: "离线", ready: "就绪", reserved: "预占", ringing: "振铃", talking: "通话", "wrap-up": "话后", "not-ready": "未就绪", arriving: "进线",
      waiting: "排队中", offering: "振铃坐席", connected: "通话中", held: "保持", ending: "结束中", answered: "接通", abandoned: "放弃", silent: "静默挂断",
      refused: "拒绝", "no-answer": "无应答", busy: "忙", unreachable: "不可达", played: "播放完毕", failed: "异常", missed: "未接", meeting: "会议",
    },
    events: {
      "call.delivered": "振铃", "call.established": "接通", "call.held": "保持", "call.retrieved": "取回", "call.queued": "进入队列",
      "call.diverted": "转向", "call.transferred": "转接", "call.released": "挂断", "agent.logged_on": "登录", "agent.logged_off": "登出",
      "agent.ready": "就绪", "agent.not_ready": "未就绪", "agent.reserved": "预占", "agent.working_after_call": "话后处理",
      "offer.missed": "三声未接", "hold.patience_exceeded": "保持过久，已安抚", "silent_call.step": "静默提示",
    },
  },
  en: {
    token: "Administrator's token", token_hint: "It is in the data folder on the machine that runs the switch:", token_label: "Token", enter: "Enter",
    token_wrong: "That is not the token.", agents: "Agents", queues: "Queues", running: "Calls in progress", recent: "Latest recordings",
    feed: "Just now", queue: "Queue", waiting: "Waiting", longest: "Longest wait", offered: "Today", answered: "Answered", abandoned: "Abandoned",
    mean_wait: "Mean wait", missed: "Missed rings", live: "live", lost: "connection lost, trying again…", connecting: "connecting…",
    none_running: "No call at present.", none_recent: "No recording yet. Dial 95000.", none_feed: "Nothing yet.", play: "▶ Play",
    playing: "■ Close", listen: "▶ Listen", f_calls: "calls", f_waiting: "waiting", f_ready: "agents ready", f_answered: "answered today",
    no_phone: "no phone registered", playing_failed: "The recording cannot be had: ", language: "中文", states: {}, events: {},
  },
};

const $ = (id) => document.getElementById(id);
let language = localStorage.getItem("language") || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
let token = sessionStorage.getItem("token") || "";
let lastSeen = null;
const shown = { agents: [], queues: [], running: [], recent: [], feed: [], alarms: [] };
const t = (key) => WORDS[language][key] || key;
const stateName = (state) => WORDS[language].states[state] || state;
const eventName = (name) => WORDS[language].events[name] || name;

// Text is only ever set as text: names and numbers come from callers.
function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const two = (n) => String(n).padStart(2, "0");
function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
function moment(at) {
  const d = new Date(at);
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return d.toDateString() === new Date().toDateString() ? clock : `${d.getMonth() + 1}-${two(d.getDate())} ${clock}`;
}
// A clock that ticks: how long ago `at` was.
function since(at) {
  const node = el("span", "clock", span(Date.now() - Date.parse(at)));
  node.dataset.since = at;
  return node;
}
setInterval(() => {
  for (const node of document.querySelectorAll("[data-since]")) node.textContent = span(Date.now() - Date.parse(node.dataset.since));
}, 1000);

function fill(id, nodes, emptyWord) {
  if (nodes.length === 0 && emptyWord) nodes = [el("li", "empty", t(emptyWord))];
  $(id).replaceChildren(...nodes);
}

const draw = {
  agents() {
    fill("agents", shown.agents.map((agent) => {
      const reason = agent.reason ? ` · ${stateName(agent.reason)}` : "";
      return el("li", `agent ${agent.state}`,
        el("b", "", agent.name || agent.id),
        el("div", "row", el("span", "state", stateName(agent.state) + reason), since(agent.since)),
        el("small", "", agent.contacts ? agent.id : `${agent.id} · ${t("no_phone")}`));
    }));
    draw.figures();
  },
  queues() {
    fill("queues", shown.queues.map((queue) => {
      const cells = [queue.id, queue.waiting, queue.longest_waiting_since ? since(queue.longest_waiting_since) : "–", queue.today.offered,
        queue.today.answered, queue.today.abandoned, queue.today.answered ? span(queue.today.wait_mean_ms) : "–", queue.today.missed_offers];
      return el("tr", "", ...cells.map((cell) => el("td", "", cell instanceof Node ? cell : String(cell))));
    }));
    draw.figures();
  },
  running() {
    fill("running", shown.running.map((call) => {
      const state = call.state || "plain";
      return callRow(call, state, stateName(state), since(call.state_since || call.arrived_at), t("listen"));
    }), "none_running");
    draw.figures();
  },
  recent() {
    fill("recent", shown.recent.map((call) =>
      callRow(call, call.outcome || "plain", stateName(call.outcome || ""), el("span", "clock", span(call.recording.duration_ms)), t("play"))),
    "none_recent");
  },
  feed() {
    fill("feed", shown.feed.map((event) => {
      const extra = [event.agent, event.queue, ...Object.entries(event.detail || {}).map(([key, value]) => `${key}: ${value}`)].filter(Boolean);
      return el("li", "", el("time", "", moment(event.at)), el("span", "", eventName(event.name)), el("span", "detail", extra.join(" · ")));
    }), "none_feed");
  },
  alarms() {
    fill("alarms", shown.alarms.map((reason) => el("li", "", reason)));
  },
  figures() {
    const figure = (value, word) => el("div", "figure", el("b", "", String(value)), el("span", "", t(word)));
    const sum = (pick) => shown.queues.reduce((total, queue) => total + pick(queue), 0);
    $("figures").replaceChildren(figure(shown.running.length, "f_calls"), figure(sum((queue) => queue.waiting), "f_waiting"),
      figure(shown.agents.filter((agent) => agent.state === "ready").length, "f_ready"), figure(sum((queue) => queue.today.answered), "f_answered"));
  },
};

// Rows that play keep their player through redraws.
const players = new Map();
function callRow(call, tone, state, clock, playWord) {
  const who = [call.caller, "→", call.agent && call.agent !== call.called ? `${call.called} (${call.agent})` : call.called].join(" ");
  const row = el("li", `call ${tone}`, el("time", "", moment(call.arrived_at)), el("span", "who", el("span", "state", state), " ", who), clock);
  const playable = call.recording && call.recording.state !== "missing";
  if (!playable) {
    row.append(el("span", "clock", call.recording ? call.recording.reason || "–" : ""));
    return row;
  }
  const button = el("button", "", players.has(call.id) ? t("playing") : playWord);
  button.type = "button";
  button.onclick = () => play(call.id);
  row.append(button);
  if (players.has(call.id)) row.append(players.get(call.id).node);
  return row;
}

// The sound is fetched with the token in a header and played from memory: the token is in no address, log or history.
async function play(id) {
  if (players.has(id)) {
    const old = players.get(id);
    players.delete(id);
    if (old.url) URL.revokeObjectURL(old.url);
  } else {
    const player = { node: el("span", "clock", "…"), url: null };
    players.set(id, player);
    draw.running(); draw.recent();
    try {
      const response = await ask(`/api/v1/calls/${id}/recording`);
      if (!response.ok) throw new Error((await response.json()).detail);
      const blob = await response.blob();
      if (players.get(id) !== player) return;
      player.url = URL.createObjectURL(blob);
      player.node = el("audio");
      player.node.controls = true;
      player.node.src = player.url;
      player.node.play().catch(() => {});
    } catch (error) {
      player.node = el("p", "wrong", t("playing_failed") + error.message);
    }
  }
  draw.running(); draw.recent();
}

class Unauthorized extends Error {}
async function ask(path, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${token}` };
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (response.status === 401) throw new Unauthorized();
  return response;
}
async function items(path) {
  const response = await ask(path);
  if (!response.ok) throw new Error(path);
  return (await response.json()).items;
}

const load = {
  agents: async () => { shown.agents = await items("/api/v1/agents"); },
  queues: async () => { shown.queues = await items("/api/v1/queues"); },
  running: async () => { shown.running = await items("/api/v1/calls?running=true&limit=100"); },
  recent: async () => { shown.recent = (await items("/api/v1/calls?recording=any&limit=20")).filter((call) => call.released_at); },
  alarms: async () => { shown.alarms = (await (await fetch("/healthz", { cache: "no-store" })).json()).reasons; },
};

// Many events at once load a thing once; no thing is loaded more than twice a second.
const pending = new Map();
function stale(name, wait = 150) {
  if (pending.has(name)) return;
  pending.set(name, setTimeout(async () => {
    try {
      await load[name]();
      draw[name]();
    } catch (error) {
      if (error instanceof Unauthorized) askForToken();
    }
    setTimeout(() => {
      const again = pending.get(name) === "again";
      pending.delete(name);
      if (again) stale(name);
    }, 350);
  }, wait));
}
function touched(name) {
  if (pending.has(name)) pending.set(name, "again"); else stale(name);
}

function heard(event) {
  if (event.name === "gap") { Object.keys(load).forEach(touched); return; }
  shown.feed.unshift(event);
  shown.feed.length = Math.min(shown.feed.length, 12);
  draw.feed();
  const kind = event.name.split(".")[0];
  if (kind === "agent") ["agents", "queues"].forEach(touched);
  else if (kind === "call" || kind === "offer" || kind === "hold") ["running", "queues", "agents"].forEach(touched);
  else touched("alarms");
  if (event.name === "call.released" || kind === "recording") { touched("recent"); touched("alarms"); }
}

// The stream by fetch, because EventSource cannot send the token as a header.
async function listen() {
  const stop = new AbortController();
  let watchdog = 0;
  const alive = () => { clearTimeout(watchdog); watchdog = setTimeout(() => stop.abort(), 40_000); };
  try {
    const headers = lastSeen === null ? {} : { "Last-Event-ID": lastSeen };
    alive();
    const response = await ask("/api/v1/events", { headers, signal: stop.signal });
    if (!response.ok) throw new Error(String(response.status));
    link("live");
    Object.keys(load).forEach(touched);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      alive();
      text += value;
      let end;
      while ((end = text.indexOf("\n\n")) >= 0) {
        const fields = {};
        for (const line of text.slice(0, end).split("\n")) {
          const colon = line.indexOf(":");
          if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
        }
        text = text.slice(end + 2);
        if (fields.id) lastSeen = fields.id;
        if (fields.data) heard({ ...JSON.parse(fields.data), name: fields.event });
      }
    }
  } finally {
    clearTimeout(watchdog);
  }
}

let running = false;
async function run() {
  if (running) return;
  running = true;
  $("gate").hidden = true;
  $("board").hidden = false;
  Object.keys(draw).forEach((name) => draw[name]());
  for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
    const begun = Date.now();
    link("connecting");
    try {
      await listen();
    } catch (error) {
      if (error instanceof Unauthorized) { running = false; askForToken(); return; }
    }
    link("lost");
    if (Date.now() - begun > 10_000) wait = 500;
    await new Promise((done) => setTimeout(done, wait));
  }
}

function link(state) {
  $("link").className = state;
  $("link").dataset.state = state;
  $("link").textContent = t(state);
}

function askForToken() {
  $("gate_error").textContent = token ? t("token_wrong") : "";
  sessionStorage.removeItem("token");
  token = "";
  $("board").hidden = true;
  $("gate").hidden = false;
  $("link").textContent = "";
  $("token").focus();
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  $("language").textContent = t("language");
  if ($("link").dataset.state) link($("link").dataset.state);
  Object.keys(draw).forEach((name) => draw[name]());
}

$("language").onclick = () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  speak();
};
$("gate").onsubmit = (event) => {
  event.preventDefault();
  token = $("token").value.trim();
  $("token").value = "";
  sessionStorage.setItem("token", token);
  run();
};

// `#token=…`, as printed by `sanling demo`: a fragment never leaves the browser; it is taken out of the address at once.
const given = /^#token=(.+)$/.exec(location.hash);
if (given) {
  token = decodeURIComponent(given[1]);
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", location.pathname);
}
speak();
if (token) run(); else askForToken();
