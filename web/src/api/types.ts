/** The API's shapes, by the names that its OpenAPI document gives them. */

import type { components } from './schema';

type Shapes = components['schemas'];

export type Agent = Shapes['Agent'];
export type AuditEntry = Shapes['AuditEntry'];
export type BlockedSource = Shapes['BlockedSource'];
export type Call = Shapes['Call'];
export type CallBack = Shapes['CallBack'];
export type CallList = Shapes['CallList'];
export type ConfigError = Shapes['ConfigError'];
export type ConfigText = Shapes['ConfigText'];
export type ConfigVerdict = Shapes['ConfigVerdict'];
export type Decision = Shapes['DecisionShape'];
/** An event. `detail` is always there: the document calls it optional because the switch also reads events without. */
export type Happening = Shapes['EventShape'] & { detail: Record<string, unknown> };
export type Health = Shapes['Health'];
export type Note = Shapes['Note'];
export type Peaks = Shapes['Peaks'];
export type Queue = Shapes['Queue'];
export type Report = Shapes['ReportAnswer'];
export type Figure = Shapes['Figure'];
export type SavedSearch = Shapes['Search'];
export type SipMessage = Shapes['SipMessage'];
export type SipTrace = Shapes['SipTrace'];
export type Trunk = Shapes['Trunk'];
