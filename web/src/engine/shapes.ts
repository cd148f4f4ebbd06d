// What the engine says, as its API documents it at /api/v1/openapi.json.

/** An instant: RFC 3339 in UTC. */
export type Instant = string;

/** JSON has no infinities: they are told as texts, and NaN as null. */
export type Value = number | "Infinity" | "-Infinity" | null;

export type Level = "normal" | "high" | "high_high" | "low" | "low_low" | "abnormal";
export type Priority = "low" | "medium" | "high" | "urgent";
export type DeviceState = "up" | "down" | "unknown";
export type Role = "viewer" | "operator" | "engineer" | "ingest" | "admin";

/** One point as it is now. */
export interface PointNow {
  point: string;
  value: Value;
  /** Flags that are known against it; empty or "good" for a good one, null before the first. */
  quality: string[] | "good" | null;
  time: Instant | null;
  received?: Instant | null;
  level: Level;
  /** Of a point with texts. */
  text?: string | null;
  /** What the value means, of a point with states. */
  state?: string | null;
}

export interface Limits {
  high_high: number | null;
  high: number | null;
  low: number | null;
  low_low: number | null;
  deadband: number;
}

/** What is configured of a point, with its reading. */
export interface Point extends PointNow {
  device: string;
  name: string;
  unit: string;
  limits: Limits | null;
  period_seconds: number | null;
}

export interface Seconds {
  last: number;
  mean: number;
  max: number;
}

export interface Scan {
  period_seconds: number;
  scans: number;
  overruns: number;
  load: number;
  lateness: Seconds;
  round_trip: Seconds;
}

export interface Device {
  name: string;
  protocol: string;
  state: DeviceState;
  /** The member of the fleet that has it; null where devices are not shared, or while nobody has it. */
  owner: string | null;
  points: number;
  /** Active alarms of it and its points that are not hidden. */
  alarms: number;
  /** The share of its connection's time that is used; null if it is not polled. */
  load: number | null;
  readings: number;
  polls: number;
  failures: number;
  overruns: number;
  last_answer: Instant | null;
  last_error: string | null;
  last_error_time: Instant | null;
  demoted: boolean;
  refused_registers: string;
  unmapped_points: string;
}

export interface DevicePage {
  time: Instant;
  total: number;
  matching: number;
  devices: Device[];
}

/** What went wrong, as often as it did in a row. */
export interface DeviceError {
  text: string;
  since: Instant;
  time: Instant;
  count: number;
}

/** A device with what is told of it alone. */
export interface DeviceDetail extends Device {
  scans: Scan[];
  /** The newest first. */
  errors: DeviceError[];
}

export interface Percentiles {
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
}

export interface Ledger {
  received: number;
  refused: number;
  refused_by: Record<string, number>;
  carried_over: number;
  in_ring: number;
  in_journal: number;
  stored: number;
  quarantined: number;
  lost: number;
  lost_by: Record<string, number>;
  unaccounted: number;
  balanced: boolean;
}

export type StageName = "alarm" | "durable" | "stored";

export interface Waiting {
  active: number;
  unacknowledged: number;
}

export interface EngineAlarm {
  alarm: string;
  severity: "critical" | "warning";
  since: Instant;
  detail: string;
}

/** The engine at a glance. */
export interface Overview {
  engine: string;
  version: string;
  uptime_seconds: number;
  points: number;
  readings_per_second: number | null;
  ledger: Ledger;
  /** From the wire to the end of the stage, over the last seconds. */
  latency: Record<StageName, Percentiles>;
  journal: {
    rung: "normal" | "warn" | "pressed" | "full";
    bytes: number;
    room_bytes: number;
    autonomy_seconds: number | null;
    oldest_unstored_seconds: number | null;
  };
  store: {
    connected: boolean;
    backlog_bytes: number;
    drain_seconds: number | null;
    trouble?: string | null;
  };
  devices: { total: number; up: number; down: number; unknown: number };
  alarms: {
    priorities: Record<Priority, Waiting>;
    /** Areas with more annunciations within ten minutes than anybody can respond to. */
    flood?: string[];
  };
  engine_alarms: EngineAlarm[];
}

/** What the stream tells: everything asked for, or what changed of it. */
export interface StreamData {
  sequence: number;
  time: Instant;
  points: PointNow[];
  devices: Device[];
  overview: Overview | null;
}

export interface Moment {
  time: Instant;
  received: Instant;
  value: Value;
  quality: string[];
}

export interface Deed {
  by: string;
  at: Instant;
  comment: string;
}

export type AlarmState =
  | "normal"
  | "unacknowledged"
  | "acknowledged"
  | "returned_unacknowledged"
  | "latched_unacknowledged"
  | "latched_acknowledged"
  | "shelved"
  | "suppressed"
  | "out_of_service";

export interface AlarmFacts {
  state: AlarmState;
  base_state: AlarmState;
  level: Level;
  worst_level: Level;
  priority: Priority;
  flags: string[];
  suppressed_by: string[];
  shelf: { until: Instant; one_shot: boolean } | null;
}

export interface Alarm extends AlarmFacts {
  id: string;
  /** Null if it is configured no more. */
  name: string | null;
  device: string | null;
  point: string | null;
  area: string | null;
  kind: string | null;
  unit: string;
  occurrence: number;
  sequence: number;
  raised: Moment | null;
  worst: Moment | null;
  returned: Moment | null;
  annunciated: Instant | null;
  annunciations: number;
  withheld: "nothing" | "more" | "all";
  acknowledged: Deed | null;
  hidden: Deed | null;
  limit: number | null;
  current: { value: Value; time: Instant; quality: string[] } | null;
  /** What it means and what to do. */
  response: string;
}

/** A part of the table that the stream of alarms begins with. */
export interface AlarmsPart {
  sequence: number;
  part: number;
  complete: boolean;
  alarms: AlarmCase[];
}

/** Of an alarm that stands, what is shown of it wherever it is told. */
export type AlarmCase = AlarmFacts &
  Pick<
    Alarm,
    "id" | "name" | "device" | "area" | "occurrence" | "sequence" | "raised" | "annunciated"
  >;

/** One thing that happened to an alarm, as the stream tells it. */
export interface AlarmNews
  extends Pick<Alarm, "id" | "name" | "device" | "area" | "occurrence" | "sequence"> {
  action: string;
  /** Whether operators were told. */
  annunciated: boolean;
  received: Instant;
  after: AlarmFacts;
}

/** Alarms from before a restart that a reading has found to be still so. */
export interface AlarmsConfirmed {
  alarms: Pick<Alarm, "id" | "name">[];
}

export interface AlarmPage {
  time: Instant;
  sequence: number;
  total: number;
  matching: number;
  alarms: Alarm[];
  cursor: string | null;
}

export interface AlarmRecord {
  sequence: number;
  action: string;
  received: Instant;
  value: Value;
  after: AlarmFacts;
  by: string;
  comment: string;
}

export interface AlarmDetail {
  alarm: Alarm;
  records: AlarmRecord[] | null;
}

export interface AlarmSummary {
  sequence: number;
  total: number;
  configured: number;
  sounding: number;
  highest_unacknowledged: Priority | null;
  states: Record<string, number>;
  priorities: Record<Priority, Waiting>;
  areas: Record<string, Waiting>;
}

export interface Reading {
  time: Instant;
  value: Value;
  text?: string | null;
  quality: string[];
}

export interface Sample {
  time: Instant;
  value: Value;
}

export interface Column {
  time: Instant;
  count: number;
  good: number;
  average: Value;
  first: Sample | null;
  min: Sample | null;
  max: Sample | null;
  last: Sample | null;
}

export interface Gap {
  device: string | null;
  from: Instant;
  to: Instant;
  reason: string;
}

export interface History {
  point: string;
  unit: string;
  readings?: Reading[];
  columns?: Column[];
  column_seconds?: number;
  truncated?: boolean;
  from: Instant;
  to: Instant;
  gaps?: Gap[];
}

/** Who one is. */
export interface Session {
  mode: "off" | "on";
  principal: string | null;
  role: Role | null;
  csrf: string | null;
}

/** Engines that share their devices, as this one knows them. Channels are all devices behind one address. */
export interface Fleet {
  name: string;
  member: string;
  reachable: boolean;
  channels: number;
  held: number;
  share_percent: number;
  plan: number;
  fences: number;
  members: FleetMember[];
}

export interface FleetMember {
  name: string;
  role: "stable" | "canary";
  capacity: number;
  version: string;
  channels: number;
  leaving: boolean;
  /** Of a version that does not say so, nothing is known. */
  lately?: {
    durable: Percentiles;
    due: Percentiles;
    stored: Percentiles;
    scans: number;
    answered_ratio: number | null;
  } | null;
}
