-- How a row is shown: one place for the event's JSON, one for times.

create function fleet_log.json_time(at timestamptz)
returns text
language plpgsql stable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end $$;
comment on function fleet_log.json_time is
    'RFC 3339, UTC, milliseconds. Example: select fleet_log.json_time(now())';

create view fleet_log.envelopes as
select e.seq, e.project, e.type, e.stream_type, e.stream_id, e.event_id, e.actor, e.correlation_id, e.causation_id,
       e.recorded_at,
       json_build_object(
           'seq', e.seq, 'position', (select fleet.incarnation()) || '.' || e.seq, 'event_id', e.event_id,
           'project', e.project, 'type', e.type, 'stream_type', e.stream_type, 'stream_id', e.stream_id,
           'stream_version', e.stream_version, 'actor', e.actor, 'causation_id', e.causation_id,
           'correlation_id', e.correlation_id,
           'data', case when e.schema_version < t.schema_version
                        then fleet_log.upcast(e.type, e.schema_version, e.data) else e.data end,
           'metadata', e.metadata,
           'occurred_at', to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'recorded_at', to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'schema_version', greatest(e.schema_version, t.schema_version))::text as envelope
  from fleet_log.events e
  left join fleet_log.event_types t on t.type = e.type;
comment on view fleet_log.envelopes is
    'Every event with its complete JSON, payloads in their newest version. The only place that builds it.';
comment on column fleet_log.envelopes.seq is 'Position in the log.';
comment on column fleet_log.envelopes.project is 'Key of the project.';
comment on column fleet_log.envelopes.type is 'Type.';
comment on column fleet_log.envelopes.stream_type is 'Kind of entity.';
comment on column fleet_log.envelopes.stream_id is 'Entity.';
comment on column fleet_log.envelopes.event_id is 'Id of the event.';
comment on column fleet_log.envelopes.actor is 'Who caused it.';
comment on column fleet_log.envelopes.correlation_id is 'Conversation it belongs to.';
comment on column fleet_log.envelopes.causation_id is 'Event that led to it.';
comment on column fleet_log.envelopes.recorded_at is 'When the database took it.';
comment on column fleet_log.envelopes.envelope is 'The event as JSON text.';
