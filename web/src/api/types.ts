/** The API's shapes, by the names that its OpenAPI document gives them. */

import type { components } from './schema';

type Shapes = components['schemas'];

export type Answer = Shapes['Answer'];
export type Appeal = Shapes['Appeal'];
export type Agent = Shapes['Agent'];
export type AuditEntry = Shapes['AuditEntry'];
export type BlockedSource = Shapes['BlockedSource'];
export type Calibration = Shapes['Calibration'];
export type Call = Shapes['Call'];
export type CallBack = Shapes['CallBack'];
export type CallList = Shapes['CallList'];
export type Coaching = Shapes['Coaching'];
export type ConfigError = Shapes['ConfigError'];
export type ConfigText = Shapes['ConfigText'];
export type ConfigVerdict = Shapes['ConfigVerdict'];
export type Differences = Shapes['CalibrationDifferences'];
export type Decision = Shapes['DecisionShape'];
export type Found = Shapes['Found'];
/** What the switch knows of a call's answers: not of all. */
export type FoundForm = Shapes['Form'];
/** An event. `detail` is always there: the document calls it optional because the switch also reads events without. */
export type Happening = Shapes['EventShape'] & { detail: Record<string, unknown> };
export type Health = Shapes['Health'];
export type House = Shapes['House'];
export type Note = Shapes['Note'];
export type Peaks = Shapes['Peaks'];
export type Plan = Shapes['Plan'];
export type Queue = Shapes['Queue'];
export type Report = Shapes['ReportAnswer'];
export type Figure = Shapes['Figure'];
export type ResultRow = Shapes['ResultRow'];
export type SavedSearch = Shapes['Search'];
export type Score = Shapes['Score'];
export type Scorecard = Shapes['Scorecard'];
export type ScorecardItem = Shapes['ScorecardItem'];
export type Scorer = Shapes['Scorer'];
export type SipMessage = Shapes['SipMessage'];
export type SipTrace = Shapes['SipTrace'];
export type Status = Shapes['Status'];
export type Task = Shapes['Task'];
export type Trunk = Shapes['Trunk'];
