-- A stored sample of every version of every type is read in its newest shape.
begin;
set search_path = tap, public;
select no_plan();
create temp table sample (type text, schema_version int, data jsonb);
insert into sample values
    ('host_joined', 1, '{"hostname": "alpha", "version": "0.0.1"}'),
    ('usage_recorded', 1, '{"pilot": "viper-1", "model": "m", "input_tokens": 1, "output_tokens": 2, "source": "hook"}');
select is(fleet_log.event_problem(s.type, s.schema_version, s.data), null, format('%s version %s is what it was', s.type, s.schema_version)) from sample s;
select is(fleet_log.event_problem(s.type, t.schema_version, fleet_log.upcast(s.type, s.schema_version, s.data)), null,
          format('%s version %s is read as version %s', s.type, s.schema_version, t.schema_version))
  from sample s join fleet_log.event_types t on t.type = s.type;
select is((select array_agg(t.type || ' ' || v order by 1) from fleet_log.event_types t cross join generate_series(1, t.schema_version - 1) v
            where not exists (select from sample s where s.type = t.type and s.schema_version = v)), null,
          'every older version has its sample');
-- As written by the daemon of then: the reader, the view and the fold all see the newest shape.
insert into fleet_log.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor, data, occurred_at,
                              recorded_at, schema_version)
select row_number() over (), fleet.new_id('evt'), '', s.type, t.stream_type,
       case s.type when 'host_joined' then 'host_01m7y4xbh5t2qgekpjg6t2qgek' else s.type end, 1, 'a', s.data, now(), now(),
       s.schema_version from sample s join fleet_log.event_types t on t.type = s.type;
select is((select envelope::jsonb -> 'data' -> 'pid' from fleet_log.envelopes where type = 'host_joined'), '0', 'the envelope is upcast');
select is((select envelope::jsonb ->> 'schema_version' from fleet_log.envelopes where type = 'host_joined'), '2', 'and says its version');
select is((select data -> 'pid' from fleet.events where type = 'host_joined'), '0', 'so is the view');
select is((select data from fleet_log.events where type = 'host_joined'), '{"hostname": "alpha", "version": "0.0.1"}', 'the log is as it was');
select is((select pid from fleet.hosts), 0::bigint, 'the fold reads the newest shape');
select is((select array_agg(f.name) from unnest(array['seq', 'position', 'event_id', 'project', 'type', 'stream_type', 'stream_id',
              'stream_version', 'actor', 'causation_id', 'correlation_id', 'data', 'metadata', 'occurred_at', 'recorded_at', 'schema_version']) f(name)
            where not (select envelope::jsonb ? f.name from fleet_log.envelopes limit 1)), null, 'the envelope has every field of the contract');
select is((select array_agg(t.command) from fleet_log.event_types t where t.command is not null
              and not exists (select from fleet_log.commands c where c.op = t.command)), null, 'the command of every type exists');
select * from finish();
rollback;
