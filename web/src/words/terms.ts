/** The API's own words, as people read them: states, outcomes, roles, reasons. What is not here is shown as the API has it. */

import { language } from './language';

const ZH: Record<string, string> = {
  // Agents.
  offline: '离线', ready: '就绪', reserved: '预占', ringing: '振铃', talking: '通话', 'wrap-up': '话后', 'not-ready': '未就绪',
  break: '小休', meal: '用餐', training: '培训', meeting: '会议', missed: '未接', rejected: '拒接', unreachable: '不可达', 'logged-on': '刚登录',
  'wrap-up-overdue': '话后超时', agent: '坐席', supervisor: '班长', qa: '质检', operator: '运维', admin: '管理员',
  // Calls.
  arriving: '进线', waiting: '排队', offering: '振铃坐席', connected: '通话', held: '保持', transferring: '转接中', ending: '结束中',
  inbound: '呼入', outbound: '呼出', internal: '内部', external: '外部录音', answered: '接通', abandoned: '放弃', silent: '静默释放', scripted: '话术释放',
  refused: '拒绝', 'no-answer': '无应答', busy: '忙', played: '播放完毕', message: '留言', 'call-back': '回拨', failed: '异常',
  caller: '主叫', callee: '被叫', switch: '交换机', customer: '客户', pending: '进行中', withdrawn: '撤回', elsewhere: '他人接听',
  // Parts and ends.
  calling: '呼出', serving: '服务', consulted: '被咨询', conferee: '会议方', listening: '监听', whispering: '耳语', 'barging-in': '强插',
  running: '进行中', left: '离开', transferred: '转走', changed: '换角色', 'flowed-out': '溢出', 'called-back': '改回拨',
  helped: '有效', done: '完成', queued: '转队列', released: '释放', 'cut-short': '中断', resumed: '已恢复', 'timed-out': '到时自动恢复', 'agent-left': '坐席离开', desk: '接口', measurement: '测量',
  faint: '声音小', noisy: '嘈杂', dialect: '方言', speakerphone: '免提', loud: '声音大', clipped: '削波', open_microphone: '开麦',
  // Rules that a call broke.
  'three-rings': '三声未应', patience: '保持超七秒', promise: '承诺未兑现', 'hold-without-reason': '保持无说明', 'greeting-late': '问候迟',
  'greeting-missing': '无问候', 'hung-up-first': '先于客户挂断', 'silent-release': '静默释放', 'open-microphone': '保持时开麦',
  // Recordings.
  open: '录音中', complete: '完整', recovered: '已修复', missing: '缺失', removed: '已清除', any: '任意',
  // Quality.
  'appeal-open': '待答复', 'appeal-kept': '维持原分', 'appeal-changed': '已改分',
  yes: '是', no: '否', 'not-applicable': '不适用', kept: '维持原分', passed: '合格', 'not-passed': '不合格', week: '周', day: '天',
  // Operation.
  'room-ok': '充足', 'room-low': '偏低', 'room-short': '不足', 'room-unknown': '未知', ok: '正常', failing: '异常', up: '正常', down: '中断', 'not-found': '名称找不到', unusable: '无法使用', unknown: '未知', asked: '要求回拨', promised: '承诺回拨',
};

const EN: Record<string, string> = {
  'room-ok': 'ok', 'room-low': 'low', 'room-short': 'short', 'room-unknown': 'unknown', 'appeal-open': 'open', 'appeal-kept': 'stands', 'appeal-changed': 'changed', qa: 'QA', 'call-back': 'call-back', 'wrap-up': 'wrap-up', 'not-found': 'name not found', 'not-ready': 'not ready', open_microphone: 'open microphone',
};

export const term = (word: string): string => (language.value === 'zh' ? ZH[word] : EN[word]) ?? word.replaceAll('-', ' ');
