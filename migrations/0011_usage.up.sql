-- breaking: no
-- What models used and cost, and how much they may.

create table fleet_state.usage_calls (
    project text collate "C" not null,
    call_id text collate "C" not null,
    pilot text collate "C" not null,
    client text,
    session_id text collate "C",
    run_id text collate "C",
    sortie_id text collate "C",
    mission_id text collate "C",
    model text collate "C" not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cache_read_tokens bigint not null,
    cache_write_tokens bigint not null,
    cost_micros bigint,
    cost_from text not null,
    called_at timestamptz(3) not null,
    day date not null,
    period_from timestamptz(3),
    reported jsonb,
    source text not null,
    reports int not null,
    version int not null,
    last_seq bigint not null,
    primary key (call_id, project)
) with (fillfactor = 80);
-- Reports read days; a list the newest; a budget that is set, a mission or a pilot; a counter the calls of its session. Plans are made while
-- the table is empty: no two indexes begin with what one query asks for, so that none can take the wrong one.
create index usage_calls_day on fleet_state.usage_calls (day);
create index usage_calls_pilot on fleet_state.usage_calls (pilot);
create index usage_calls_mission on fleet_state.usage_calls (mission_id) where mission_id is not null;
create index usage_calls_sortie on fleet_state.usage_calls (sortie_id) where sortie_id is not null;
create index usage_calls_session on fleet_state.usage_calls (session_id, called_at)
    where session_id is not null and period_from is null;
create index usage_calls_newest on fleet_state.usage_calls (last_seq);
create index usage_calls_counters on fleet_state.usage_calls (session_id, called_at) where period_from is not null;
comment on table fleet_state.usage_calls is 'What calls of models used, each call once; a counter''s row is what no known call explains.';
comment on column fleet_state.usage_calls.project is 'Key of the project.';
comment on column fleet_state.usage_calls.call_id is 'What names the call wherever it is reported; the event''s id if nothing does.';
comment on column fleet_state.usage_calls.pilot is 'Callsign.';
comment on column fleet_state.usage_calls.client is 'Program that made the call.';
comment on column fleet_state.usage_calls.session_id is 'The client''s session.';
comment on column fleet_state.usage_calls.run_id is 'Process of the agent, if a daemon started it.';
comment on column fleet_state.usage_calls.sortie_id is 'Sortie that it was made for.';
comment on column fleet_state.usage_calls.mission_id is 'Mission of that sortie.';
comment on column fleet_state.usage_calls.model is 'Name of the model as reported.';
comment on column fleet_state.usage_calls.input_tokens is 'Tokens given, beside those of caches.';
comment on column fleet_state.usage_calls.output_tokens is 'Tokens that came back.';
comment on column fleet_state.usage_calls.cache_read_tokens is 'Tokens read from a cache.';
comment on column fleet_state.usage_calls.cache_write_tokens is 'Tokens written to a cache.';
comment on column fleet_state.usage_calls.cost_micros is 'Millionths of the currency; null if nobody knows.';
comment on column fleet_state.usage_calls.cost_from is 'client, price, or unknown: who knew the cost.';
comment on column fleet_state.usage_calls.called_at is 'When the call ended.';
comment on column fleet_state.usage_calls.day is 'Its day in UTC.';
comment on column fleet_state.usage_calls.period_from is 'Of a counter: where the time begins that it counts.';
comment on column fleet_state.usage_calls.reported is 'Of a counter: what it said, before known calls were taken off.';
comment on column fleet_state.usage_calls.source is 'Who measured it first.';
comment on column fleet_state.usage_calls.reports is 'How many reports added something.';
comment on column fleet_state.usage_calls.version is 'Version of the stream of the last report.';
comment on column fleet_state.usage_calls.last_seq is 'Last event that changed the row.';

-- Counters and state stand in one row, moved by the event that counts: a claim reads nothing else.
create table fleet_state.budgets (
    budget_id text collate "C" primary key,
    project text collate "C" not null,
    scope_kind text not null,
    scope_id text collate "C" not null,
    period text not null,
    limit_tokens bigint,
    limit_micros bigint,
    warn_percent smallint not null,
    reason text,
    state text not null,
    told text not null,
    day date,
    used_tokens bigint not null,
    used_micros bigint not null,
    unpriced_calls int not null,
    set_by text not null,
    set_at timestamptz(3) not null,
    warned_at timestamptz(3),
    stopped_at timestamptz(3),
    version int not null,
    last_seq bigint not null
) with (fillfactor = 50);
create index budgets_scope on fleet_state.budgets (project, scope_kind, scope_id);
-- What every claim looks at: mostly empty.
create index budgets_stopped on fleet_state.budgets (project) where state = 'stopped';
comment on table fleet_state.budgets is 'How much pilots, missions and projects may use, and what is used of it.';
comment on column fleet_state.budgets.budget_id is 'budget:KIND:… of its scope and period; the stream.';
comment on column fleet_state.budgets.project is 'Key of the project.';
comment on column fleet_state.budgets.scope_kind is 'project, mission or pilot.';
comment on column fleet_state.budgets.scope_id is 'Id of the mission, callsign of the pilot; empty for the project.';
comment on column fleet_state.budgets.period is 'day or total.';
comment on column fleet_state.budgets.limit_tokens is 'Tokens that may be used, without those read from a cache.';
comment on column fleet_state.budgets.limit_micros is 'Millionths of the currency that may be used.';
comment on column fleet_state.budgets.warn_percent is 'Share of either limit at which a warning is due.';
comment on column fleet_state.budgets.reason is 'Why it was set.';
comment on column fleet_state.budgets.state is 'open, warned, stopped or removed: what the counters mean.';
comment on column fleet_state.budgets.told is 'open, warned or stopped: what the log has told of it, this period.';
comment on column fleet_state.budgets.day is 'Of a budget by day: the day that the counters are of.';
comment on column fleet_state.budgets.used_tokens is 'Tokens used, without those read from a cache.';
comment on column fleet_state.budgets.used_micros is 'Millionths of the currency used, as far as costs are known.';
comment on column fleet_state.budgets.unpriced_calls is 'Calls whose cost nobody knows.';
comment on column fleet_state.budgets.set_by is 'Who set it.';
comment on column fleet_state.budgets.set_at is 'When.';
comment on column fleet_state.budgets.warned_at is 'When its warning was told last.';
comment on column fleet_state.budgets.stopped_at is 'When its stop was told last.';
comment on column fleet_state.budgets.version is 'Version of the stream; the ETag.';
comment on column fleet_state.budgets.last_seq is 'Last event that changed the row.';

create table fleet_state.prices (
    model text collate "C" not null,
    valid_from date not null,
    input_micros bigint not null,
    output_micros bigint not null,
    cache_read_micros bigint not null,
    cache_write_micros bigint not null,
    state text not null,
    set_by text not null,
    set_at timestamptz(3) not null,
    version int not null,
    last_seq bigint not null,
    primary key (model, valid_from)
);
comment on table fleet_state.prices is 'What models cost, as users said; comes before the prices that are shipped.';
comment on column fleet_state.prices.model is 'Name of the model, small letters, without provider, date or variant.';
comment on column fleet_state.prices.valid_from is 'First day, in UTC.';
comment on column fleet_state.prices.input_micros is 'Millionths of the currency for a million tokens given.';
comment on column fleet_state.prices.output_micros is 'The same for tokens that came back.';
comment on column fleet_state.prices.cache_read_micros is 'The same for tokens read from a cache.';
comment on column fleet_state.prices.cache_write_micros is 'The same for tokens written to a cache.';
comment on column fleet_state.prices.state is 'in_force or removed.';
comment on column fleet_state.prices.set_by is 'Who said so.';
comment on column fleet_state.prices.set_at is 'When.';
comment on column fleet_state.prices.version is 'Version of the stream.';
comment on column fleet_state.prices.last_seq is 'Last event that changed the row.';

create table fleet_log.shipped_prices (
    model text collate "C" not null,
    valid_from date not null,
    input_micros bigint not null,
    output_micros bigint not null,
    cache_read_micros bigint not null,
    cache_write_micros bigint not null,
    primary key (model, valid_from)
);
comment on table fleet_log.shipped_prices is 'What models cost, as the program knows; filled from client/catalogue/prices.json.';
comment on column fleet_log.shipped_prices.model is 'Name of the model, without provider, date or variant.';
comment on column fleet_log.shipped_prices.valid_from is 'First day, in UTC.';
comment on column fleet_log.shipped_prices.input_micros is 'Millionths of a US dollar for a million tokens given.';
comment on column fleet_log.shipped_prices.output_micros is 'The same for tokens that came back.';
comment on column fleet_log.shipped_prices.cache_read_micros is 'The same for tokens read from a cache.';
comment on column fleet_log.shipped_prices.cache_write_micros is 'The same for tokens written to a cache.';

-- What the log holds already is folded by sql/projections/usage.sql, as a replay would.
