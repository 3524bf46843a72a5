/** Events as sentences' beginnings. In English the event's own name reads well enough; Chinese needs words. */

import type { Happening } from '../api/types';
import { language } from './language';
import { term } from './terms';

const ZH: Record<string, string> = {
  'call.arrived': '来电', 'call.queued': '进入队列', 'call.delivered': '派给坐席', 'call.answered': '应答', 'call.established': '接通', 'call.greeted': '问候',
  'call.held': '保持', 'call.retrieved': '取回', 'call.diverted': '转向', 'call.transferred': '转接', 'call.released': '挂断', 'call.agent_left': '坐席离开',
  'call.caller_left': '主叫离开', 'call.originated': '交换机呼出', 'call.resumed': '重启后继续', 'call.language': '选择语言', 'call.quality': '话音质量',
  'agent.logged_on': '登录', 'agent.logged_off': '登出', 'agent.ready': '就绪', 'agent.not_ready': '未就绪', 'agent.reserved': '预占', 'agent.ringing': '话机振铃',
  'agent.busy': '通话中', 'agent.working_after_call': '话后处理', 'agent.sound': '坐席音质提示', 'agent.state_set': '状态被设置',
  'offer.ring': '振铃一声', 'offer.missed': '三声未接', 'offer.ended': '派单结束',
  'hold.patience_exceeded': '保持安抚', 'hold.promised': '承诺时长', 'hold.promise_kept': '承诺兑现', 'hold.promise_exceeded': '承诺超时',
  'hold.promise_broken': '承诺未兑现', 'hold.escalated': '上报上级', 'silent_call.step': '静默提示', 'script.began': '话术开始', 'script.step': '话术步骤',
  'script.ended': '话术结束', 'sound.faint': '客户声音小', 'sound.noisy': '客户嘈杂', 'survey.asked': '邀请评价', 'survey.answered': '评价',
  'queue.announced': '播报位置', 'queue.comforted': '排队安抚', 'queue.expired': '等待超时', 'queue.refused': '队列拒入', 'queue.company': '报公司名',
  'menu.entered': '进入菜单', 'menu.chosen': '按键选择', 'menu.diverted': '菜单转向', 'menu.given_up': '菜单放弃', 'menu.wrong': '按键无效',
  'message.asked': '请留言', 'message.left': '已留言', 'message.delivered': '留言送达', 'message.played': '留言播放', 'message.taken': '留言被取',
  'message.heard': '留言已听', 'message.deleted': '留言删除', 'message.removed': '留言清除', 'message.escalated': '留言上报', 'message.refused': '留言拒收',
  'call_back.offered': '提供回拨', 'call_back.asked': '要求回拨', 'call_back.calling': '正在回拨', 'call_back.taken': '回拨被领取',
  'call_back.not_reached': '回拨未通', 'call_back.closed': '回拨结束', 'recording.complete': '录音完成', 'recording.missing': '录音缺失',
  'recording.paused': '录音暂停', 'recording.resumed': '录音恢复', 'recording.replayed': '话机收听录音', 'recording.preferred': '话机的录音意愿',
  'replay.refused': '话机收听被拒',
  'switch.overloaded': '过载', 'switch.relieved': '过载解除', 'trunk.up': '中继恢复', 'trunk.down': '中继中断', 'trunk.registered': '中继已注册',
  'trunk.unregistered': '中继未注册', 'trunk.name_found': '中继名称已找到', 'trunk.name_not_found': '中继名称找不到', 'qa.calls_drawn': '抽样', 'qa.score_given': '评分', 'qa.score_changed': '改分', 'qa.appealed': '申诉', 'qa.appeal_answered': '申诉答复', 'qa.coached': '辅导',
  'qa.calibration_begun': '评分校准', 'source.blocked': '来源封禁', 'source.released': '来源解封', 'config.reloaded': '配置已重载',
  'call.forwarded': '话机改送', 'call_back.impossible': '无法回拨', 'call_back.not_taken': '回拨无人领取', 'code.refused': '功能码被拒', 'figures.queue': '队列指标',
  'message.empty': '空留言', 'party.called': '邀请加入', 'party.changed': '成员变更', 'party.joined': '加入通话', 'party.left': '离开通话',
  'party.not_reached': '未能邀到', 'copy.started': '副本录音开始', 'copy.ended': '副本录音结束', 'copy.failed': '副本录音失败', 'copy.refused': '副本录音被拒',
  'session.started': '外来录音开始', 'session.described': '外来录音说明', 'session.ended': '外来录音结束', 'session.refused': '外来录音被拒',
  'session.unreadable': '外来录音说明读不懂', 'phone.tls_failed': '话机 TLS 连接失败', 'text.sent': '发出短消息', 'text.delivered': '短消息送达', 'text.refused': '短消息未达',
};

const sentence = (name: string): string => name.replace('.', ' ').replaceAll('_', ' ');

export const eventName = (name: string): string => (language.value === 'zh' ? ZH[name] : undefined) ?? sentence(name);

const DETAIL_ZH: Record<string, string> = {
  rings: '声', ring: '第几声', count: '次数', awaits_another: '等待下一位', reason: '原因', by: '由', delay_ms: '延迟', step: '步骤', to: '到', from: '从', why: '因为', result: '结果', called: '被叫', agent: '坐席',
  state: '状态', script: '话术', score: '评分', seconds: '秒', cause: '原因', outcome: '结果', duration_ms: '时长', digit: '按键', key: '按键', place: '位置',
  ending: '结局', how: '方式', recording: '录音', number: '编号', source: '来源', server: '录音服务器', preference: '意愿', wait_ms: '等待', position: '位置', hung_up_first: '先挂', first: '先挂',
};

const detailName = (name: string): string => (language.value === 'zh' ? DETAIL_ZH[name] : undefined) ?? name.replace(/_ms$/, '').replaceAll('_', ' ');

/** Whom an event is about, and the rest of what it says. */
export function eventDetails(event: Happening, queue = true): string {
  const said = Object.entries(event.detail)
    // What is not so, and what the line says already, is left out.
    .filter(([name, value]) => value !== false && !(name === 'agent' && value === event.agent))
    .map(([name, value]) => (value === true ? detailName(name) : `${detailName(name)} ${name.endsWith('_ms') ? `${value} ms` : term(String(value))}`));
  return [event.agent, queue ? event.queue : null, ...said].filter(Boolean).join(' · ');
}
