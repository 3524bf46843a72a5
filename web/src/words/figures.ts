/** Names of the reports' figures; their formulas come with them from the API. */

import { language } from './language';

const ZH: Record<string, string> = {
  service_level: '服务水平', offered: '来电', answered: '接通', abandoned: '放弃', short_abandoned: '短时放弃', flowed_out: '溢出', called_back: '改回拨',
  waiting: '等待中', refused: '拒入', identity: '账目恒等', answered_in_time: '及时接通', abandoned_in_time: '限时内放弃', abandon_rate: '放弃率',
  average_speed_of_answer: '平均应答速度', longest_wait: '最长等待', offers: '派单', agent_answer_rate: '坐席应答率', rona_rate: '振铃未接率',
  three_ring_rate: '三声应答率', three_ring_rate_of_offers: '三声应答率（按派单）', connected: '服务通话', handled: '处理', average_handle_time: '平均处理时长',
  average_talk_time: '平均通话时长', average_hold_time: '平均保持时长', average_after_call_work: '平均话后时长', transfer_rate: '转接率', holds: '保持次数',
  seven_second_hold_rate: '七秒安抚率', hold_reason_rate: '保持说明率', hold_promise_kept_rate: '承诺兑现率', customer_first_rate: '客户先挂率',
  agent_first_rate: '坐席先挂率', switch_first_rate: '交换机先挂率', silent_rate: '静默释放率', first_call_resolution: '一次解决率',
  greeting_in_time_rate: '问候及时率', greeting_delay: '问候延迟', sound_measured: '已测音质', too_quiet: '声音过小', too_loud: '声音过大',
  noisy_floor: '背景嘈杂', open_microphone: '保持时开麦', call_backs: '回拨', call_back_reach_rate: '回拨接通率', average_call_back_time: '平均回拨等待',
  survey_asked: '邀评', survey_answer_rate: '参评率', survey_mean: '平均评分', survey_share_1: '评 1 分占比', survey_share_2: '评 2 分占比',
  survey_share_3: '评 3 分占比', survey_share_4: '评 4 分占比', survey_share_5: '评 5 分占比', logons: '登录次数', logged_on_time: '在线时长',
  talking_time: '通话时长', after_call_time: '话后时长', idle_time: '空闲时长', not_ready_time: '未就绪时长', occupancy: '占用率', utilisation: '利用率',
  adherence: '排班遵守率', begun: '开始', helped_rate: '有效率', done_rate: '完成率', queued_rate: '转队列率', released_rate: '释放率',
  cut_short_rate: '中断率', prompts_said: '平均播报',
};

const EN: Record<string, string> = {
  rona_rate: 'Rang-out rate', three_ring_rate: 'Three rings', seven_second_hold_rate: 'Seven seconds', customer_first_rate: 'Customer hung up first',
  greeting_in_time_rate: 'Greeted in time', hold_reason_rate: 'Holds with a reason', hold_promise_kept_rate: 'Promises kept',
  three_ring_rate_of_offers: 'Three rings, of offers', average_speed_of_answer: 'Speed of answer',
};

const sentence = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');

export const figureName = (name: string): string => (language.value === 'zh' ? ZH[name] : EN[name]) ?? sentence(name);
