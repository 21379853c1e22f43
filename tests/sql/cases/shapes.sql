-- Wrong JSON types become refusal rows with a pointer, never an exception: every field of every operation is tried.
begin;
set search_path = tap, public;
select plan(6);
select scene();

create temp table tried as
with value(kind, v) as (values ('text', '"ab"'::jsonb), ('number', '1.5'), ('point', '1.0'), ('big', '1e300'), ('negative', '-1'), ('bool', 'true'),
                               ('array', '[1]'), ('texts', '["a", 2]'), ('object', '{"a": 1}'), ('objects', '[{"a": 1}, 3]'),
                               ('null', 'null'), ('empty', '""'), ('long', to_jsonb(repeat('x', 20000)))),
     request as (
    select f.op, f.field, v.kind, jsonb_build_object('op', f.op, 'project', 'demo', 'actor', 'viper-1', 'args',
               jsonb_build_object(f.field, v.v)) as r
      from fleet_log.command_fields f cross join value v where f.op not in ('*', 'fence', 'event')
    union all
    select '*', f.field, v.kind, note(1) || jsonb_build_object(f.field, v.v)
      from fleet_log.command_fields f cross join value v where f.op = '*'
    union all
    select 'fence', f.field, v.kind, note(1) || jsonb_build_object('fence',
               '{"kind": "reservation", "id": "r", "token": 1}'::jsonb || jsonb_build_object(f.field, v.v))
      from fleet_log.command_fields f cross join value v where f.op = 'fence'
    union all
    select 'event', f.field, v.kind, ask('append', jsonb_build_object('events', jsonb_build_array(
               '{"type": "x.a"}'::jsonb || jsonb_build_object(f.field, v.v))))
      from fleet_log.command_fields f cross join value v where f.op = 'event')
select row_number() over () as ord, * from request;
select lives_ok($$select act((select jsonb_agg(r order by ord) from tried))$$, 'no value of any field raises');
select is((select count(*) from answers), (select count(*) from tried), 'each has its row');
select is((select array_agg(distinct t.op || ' ' || t.field || ' ' || t.kind) from tried t join answers a using (ord)
            where a.code in ('invalid_field', 'unknown_field') and coalesce(a.field, '') !~ '^/'), null,
          'a refused field is named by a pointer');
select is((select array_agg(distinct t.op || ' ' || t.field) from tried t join answers a using (ord)
             join fleet_log.command_fields f on f.op = t.op and f.field = t.field
            where a.ok and ((f.kind <> 'text' and t.kind in ('text', 'empty', 'long')) or (f.kind <> 'int' and t.kind in ('number', 'point', 'negative', 'big'))
               or (f.kind not in ('object', 'any') and t.kind = 'object') or (t.kind in ('array', 'objects') and f.kind in ('text', 'int', 'bool', 'object')))),
          null, 'a value of the wrong type is never taken');

select act(jsonb_build_array(
    '{"op": "append", "project": "demo", "args": {"events": [{"type": "x.a"}, 7]}}'::jsonb,
    '{"op": "append", "project": "demo", "args": {"events": [{"type": "x.a"}], "more/of~it": 1}}'::jsonb,
    '{"op": "register_pilot", "project": "demo", "args": {"callsign": "Viper", "program": "p", "model": "m"}}'::jsonb,
    '{"op": "register_pilot", "project": "demo", "args": {"callsign": "v", "program": "p"}}'::jsonb,
    '{"op": "set_pilot_status", "project": "demo", "args": {"to": "stale"}}'::jsonb,
    '{"op": "host_join", "args": {"host_id": "host_01m7y4xbh5t2qgekpjg6t2qgek", "hostname": "a", "version": "1", "pid": 1.5, "lease_seconds": 30}}'::jsonb,
    '{"op": "append", "project": "de mo", "args": {"events": [{"type": "x.a"}]}}'::jsonb));
select is((select array_agg(field order by ord) from answers),
          array['/args/events', '/args/more~1of~0it', '/args/callsign', '/args/model', '/args/to', '/args/pid', '/project'],
          'the pointer leads to the culprit');
select is((select message from answers where ord = 5), 'must be one of active, idle', 'the message says what would be right');
select * from finish();
rollback;
