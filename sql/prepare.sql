-- The first step of fleet.act, for the whole batch at once: what shape the requests have, who asks, and whether the
-- answer is known already. Nothing here may raise: jsonb is cast only after its type was looked at.

create function fleet_log.shape_problems(commands jsonb)
returns table (ord int, code text, field text, message text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    with item as materialized (
        select o.ord, o.v, o.v ->> 'op' = 'append' and fleet_log.append_is_sound(o.v -> 'args') as is_plain_append
          from (select x.ord::int, case when jsonb_typeof(x.v) = 'object' then x.v else '{}' end as v
                  from jsonb_array_elements(commands) with ordinality x(v, ord)) o
    ), context as materialized (
        -- Nearly all requests and fences are sound: one expression says so, and only the others are looked at by field.
        select i.ord, '*' as op, '' as prefix, i.v as given from item i where not fleet_log.request_is_sound(i.v)
        union all
        select i.ord, i.v ->> 'op', '/args', coalesce(nullif(i.v -> 'args', 'null'), '{}') from item i
         where i.is_plain_append is not true
        union all
        select i.ord, 'fence', '/fence', i.v -> 'fence' from item i
         where jsonb_typeof(i.v -> 'fence') = 'object' and not fleet_log.fence_is_sound(i.v -> 'fence')
        union all
        select i.ord, 'event', '/args/events/' || (e.n - 1), e.v from item i
         cross join lateral jsonb_array_elements(case when jsonb_typeof(i.v #> '{args,events}') = 'array'
                                                      then i.v #> '{args,events}' else '[]' end)
                    with ordinality e(v, n)
         where i.v ->> 'op' = 'append' and i.is_plain_append is not true
    ), problem as (
        select c.ord, c.prefix, g.key as field,
               case when f.op is null then 'unknown_field' else 'invalid_field' end as code,
               case when f.op is null then 'there is no such field' else fleet_log.field_words(f) end as message
          from context c
         cross join lateral jsonb_each(case when jsonb_typeof(c.given) = 'object' then c.given else '{}' end) g
          left join fleet_log.command_fields f on f.op = c.op and f.field = g.key
         where f.op is null
            or (not (jsonb_typeof(g.value) = 'null' and not f.required)
           and not case f.kind
                   when 'text' then jsonb_typeof(g.value) = 'string'
                        and length(g.value #>> '{}') between coalesce(f.least, 0) and coalesce(f.most, 1000000)
                        and (f.pattern is null or (g.value #>> '{}') ~ f.pattern)
                        and (f.one_of is null or (g.value #>> '{}') = any(f.one_of))
                   when 'int' then case when jsonb_typeof(g.value) = 'number'
                         and (g.value #>> '{}') ~ '^-?\d{1,16}$'
                        then (g.value #>> '{}')::bigint between coalesce(f.least, -9007199254740991)
                                                            and coalesce(f.most, 9007199254740991) else false end
                   when 'bool' then jsonb_typeof(g.value) = 'boolean'
                   when 'object' then jsonb_typeof(g.value) = 'object'
                   when 'texts' then case when jsonb_typeof(g.value) = 'array'
                        then jsonb_array_length(g.value) between coalesce(f.least, 0) and coalesce(f.most, 1000)
                         and not exists (select from jsonb_array_elements(g.value) t(v)
                                          where jsonb_typeof(t.v) <> 'string'
                                             or (f.pattern is not null and (t.v #>> '{}') !~ f.pattern)) else false end
                   when 'objects' then case when jsonb_typeof(g.value) = 'array'
                        then jsonb_array_length(g.value) between coalesce(f.least, 0) and coalesce(f.most, 1000)
                         and not exists (select from jsonb_array_elements(g.value) t(v)
                                          where jsonb_typeof(t.v) <> 'object') else false end
                   else true end)
        union all
        select c.ord, c.prefix, f.field, 'invalid_field', 'is missing; ' || fleet_log.field_words(f)
          from context c
          join fleet_log.command_fields f on f.op = c.op and f.required
         where not case when jsonb_typeof(c.given) = 'object' then c.given ? f.field else true end
    )
    -- The shallowest problem of each request is the one that helps.
    select distinct on (p.ord) p.ord, p.code,
           p.prefix || '/' || replace(replace(p.field, '~', '~0'), '/', '~1'), p.message
      from problem p
     order by p.ord, length(p.prefix), p.field;
end $$;
comment on function fleet_log.shape_problems is
    'First problem of each request''s shape. Example: select * from fleet_log.shape_problems(''[{"op":"reserve","args":{"patterns":1}}]'')';

create function fleet_log.request_is_sound(v jsonb)
returns boolean
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Says in one expression what the rows of op * say one by one; a test sends every wrong value to both. A length
    -- and a search for what is wrong cost a fraction of a pattern with a counted repetition.
    return v - '{op,project,actor,caller,key,digest,host,epoch,roles,metadata,fence,args}'::text[] = '{}'
       and jsonb_typeof(v -> 'op') = 'string' and length(v ->> 'op') between 1 and 60
       and (v -> 'project' is null or jsonb_typeof(v -> 'project') = 'string' and length(v ->> 'project') <= 200 and v ->> 'project' !~ '[^[:graph:]]')
       and (v -> 'actor' is null or jsonb_typeof(v -> 'actor') = 'string' and length(v ->> 'actor') between 1 and 200)
       and (v -> 'caller' is null or jsonb_typeof(v -> 'caller') = 'string' and length(v ->> 'caller') between 1 and 200)
       and (v -> 'key' is null or jsonb_typeof(v -> 'key') = 'string' and length(v ->> 'key') between 1 and 200)
       and (v -> 'digest' is null or jsonb_typeof(v -> 'digest') = 'string' and length(v ->> 'digest') = 64 and v ->> 'digest' !~ '[^0-9a-f]')
       and (v -> 'host' is null or jsonb_typeof(v -> 'host') = 'string' and length(v ->> 'host') between 1 and 100)
       and (v -> 'epoch' is null or jsonb_typeof(v -> 'epoch') = 'number' and length(v ->> 'epoch') <= 15
                                and v ->> 'epoch' !~ '[^0-9]')
       and (v -> 'roles' is null or v -> 'roles' in ('[]', '["operator"]'))
       and (v -> 'metadata' is null or jsonb_typeof(v -> 'metadata') = 'object')
       and (v -> 'fence' is null or jsonb_typeof(v -> 'fence') = 'object')
       and (v -> 'args' is null or jsonb_typeof(v -> 'args') = 'object');
end $$;
comment on function fleet_log.request_is_sound is
    'True if the fields around the arguments are surely right. Example: select fleet_log.request_is_sound(''{"op":"append"}'')';

create function fleet_log.append_is_sound(args jsonb)
returns boolean
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    e jsonb := args #> '{events,0}';
begin
    -- One event of type, data and perhaps an id: the append that a busy log is made of. All others are looked at by field.
    if jsonb_typeof(args) is distinct from 'object' or jsonb_typeof(args -> 'events') is distinct from 'array'
       or jsonb_typeof(e) is distinct from 'object' then
        return false;
    end if;
    return jsonb_array_length(args -> 'events') = 1 and args - 'events' = '{}' and e - '{event_id,type,data}'::text[] = '{}'
       and jsonb_typeof(e -> 'type') = 'string' and length(e ->> 'type') between 1 and 130
       and (e -> 'data' is null or jsonb_typeof(e -> 'data') = 'object')
       and (e -> 'event_id' is null or jsonb_typeof(e -> 'event_id') = 'string' and length(e ->> 'event_id') = 30
                                   and e ->> 'event_id' ~ '^evt_[0-7][0-9a-hjkmnp-tv-z]*$');
end $$;
comment on function fleet_log.append_is_sound is
    'True if the arguments of an append of one plain event are surely right. Example: select fleet_log.append_is_sound(''{"events":[{"type":"x.note"}]}'')';

create function fleet_log.fence_is_sound(f jsonb)
returns boolean
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return f - '{kind,id,token}'::text[] = '{}'
       and jsonb_typeof(f -> 'kind') = 'string' and length(f ->> 'kind') between 1 and 40
       and jsonb_typeof(f -> 'id') = 'string' and length(f ->> 'id') between 1 and 100
       and jsonb_typeof(f -> 'token') = 'number' and length(f ->> 'token') <= 15
       and f ->> 'token' !~ '[^0-9]' and f ->> 'token' <> '0';
end $$;
comment on function fleet_log.fence_is_sound is
    'True if a fence is surely right. Example: select fleet_log.fence_is_sound(''{"kind":"reservation","id":"rsv_01…","token":7}'')';

create function fleet_log.field_words(f fleet_log.command_fields)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return 'must be ' || case f.kind
        when 'text' then coalesce('one of ' || array_to_string(f.one_of, ', '),
            'a text' || coalesce(' of ' || coalesce(f.least, 0) || ' to ' || f.most || ' characters', '')
                     || coalesce(' like ' || f.pattern, ''))
        when 'int' then 'a whole number' || coalesce(' from ' || f.least, '') || coalesce(' to ' || f.most, '')
        when 'bool' then 'true or false'
        when 'object' then 'an object'
        when 'texts' then 'an array of ' || coalesce(f.least, 0) || ' to ' || coalesce(f.most, 1000) || ' texts'
                          || coalesce(' like ' || f.pattern, '')
        when 'objects' then 'an array of ' || coalesce(f.least, 0) || ' to ' || coalesce(f.most, 1000) || ' objects'
        else 'a value' end;
end $$;
comment on function fleet_log.field_words is
    'What a field must be, in words. Example: select field, fleet_log.field_words(f) from fleet_log.command_fields f where op = ''register_pilot''';

create function fleet_log.prepare(commands jsonb, at timestamptz, head bigint)
returns fleet_log.work[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- Only a daemon may say who is asking; anyone else is who the database says.
    trusted boolean := pg_has_role(session_user, 'fleet_daemon', 'member');
    me text := session_user;
    mine text[] := case when pg_has_role(session_user, 'fleet_operator', 'member') then array['operator'] else '{}' end;
    keeps_answers constant boolean := not fleet_log.switched('no_idempotency');
    works fleet_log.work[];
begin
    with shape as materialized (
        select * from fleet_log.shape_problems(prepare.commands)
    ), item as materialized (
        select x.ord::int as ord, x.v, p.code, p.field, p.message, p.ord is null as sound,
               case when p.ord is null then case when trusted then coalesce(x.v ->> 'caller', 'db:' || me)
                                                 else 'db:' || me end end as caller,
               case when p.ord is null then nullif(x.v ->> 'key', '') end as key,
               case when p.ord is null and trusted
                    then array(select jsonb_array_elements_text(nullif(x.v -> 'roles', 'null'))) else mine end as roles
          from jsonb_array_elements(prepare.commands) with ordinality x(v, ord)
          left join shape p on p.ord = x.ord
    ), asked as materialized (
        select i.*, c.project as scope, c.op is not null as known_op, c.fence = 'required' as needs_fence, c.role,
               case when i.key is not null then coalesce(i.v ->> 'digest',
                    encode(sha256(convert_to(jsonb_build_array(
                        i.v -> 'args', i.v -> 'project', case when trusted then i.v -> 'actor' end, i.v -> 'fence')::text,
                        'UTF8')), 'hex')) end as digest,
               case when i.key is not null
                    then nullif(min(i.ord) over (partition by i.caller, i.key), i.ord) end as earlier
          from item i
          left join fleet_log.commands c on i.sound and c.op = i.v ->> 'op'
    ), checked as (
        select a.*, d.answer, d.seq as answer_seq,
               p.code as p_code, p.field as p_field, p.message as p_message, p.hint as p_hint
          from asked a
          left join lateral (
              select y.* from fleet_live.idempotency y
               where a.key is not null and keeps_answers and y.caller = a.caller and y.key = a.key
                 and y.stored_at > prepare.at - interval '24 hours' limit 1) d on true
         cross join lateral (
              select case when jsonb_typeof(a.v) <> 'object' then 'bad_json'
                          when not a.sound then a.code
                          when not a.known_op then 'invalid_field'
                          when d.answer is not null and (d.op, d.digest) is distinct from (a.v ->> 'op', a.digest)
                              then 'idempotency_mismatch'
                          when d.answer is not null then null
                          when a.role is not null and not a.role = any(a.roles) then 'forbidden'
                          when a.scope <> 'none' and coalesce(a.v ->> 'project', '') = '' then 'invalid_field'
                          when a.needs_fence and jsonb_typeof(a.v -> 'fence') is distinct from 'object' then 'invalid_field'
                          when trusted and (a.v ->> 'epoch') is not null and a.v ->> 'op' <> 'host_join'
                               and not exists (
                               select from fleet_live.hosts h
                                where h.host_id = a.v ->> 'host' and h.epoch = (a.v ->> 'epoch')::bigint)
                              then 'host_epoch_moved' end as code
              offset 0) verdict   -- not pulled up: each mention of the code would look for the host again
         cross join lateral (
              select verdict.code,
                     case when verdict.code is null then null when verdict.code = 'bad_json' then ''
                          when not a.sound then a.field when not a.known_op then '/op'
                          when verdict.code = 'idempotency_mismatch' then '/key'
                          when verdict.code = 'invalid_field' and a.scope <> 'none'
                               and coalesce(a.v ->> 'project', '') = '' then '/project'
                          when verdict.code = 'invalid_field' then '/fence'
                          when verdict.code = 'host_epoch_moved' then '/epoch' else '' end as field,
                     case when verdict.code is null then null
                          when verdict.code = 'bad_json' then 'a request is an object'
                          when not a.sound then a.message
                          when not a.known_op then 'there is no operation ' || coalesce(a.v ->> 'op', '')
                          when verdict.code = 'idempotency_mismatch' then 'this key was used for another request'
                          when verdict.code = 'forbidden' then 'this needs the role ' || a.role
                          when verdict.code = 'host_epoch_moved' then 'the host was declared lost or joined again'
                          when a.scope <> 'none' and coalesce(a.v ->> 'project', '') = ''
                              then 'is missing; must be a project key'
                          else 'is missing; this needs the fence {kind, id, token} of the lease' end as message,
                     case verdict.code
                          when 'idempotency_mismatch' then 'draw a new key for a new request'
                          when 'forbidden' then 'ask an operator'
                          when 'host_epoch_moved' then 'drop the leases of your pilots and join again' end as hint
              offset 0) p
    )
    select array_agg((
               c.ord, case when c.known_op then c.v ->> 'op' end, coalesce(c.v ->> 'project', ''),
               case when trusted and c.sound then coalesce(c.v ->> 'actor', me) else me end,
               c.caller, c.key, c.digest,
               case when c.sound then c.v ->> 'host' end, case when c.sound then (c.v ->> 'epoch')::bigint end,
               c.roles, case when c.sound then coalesce(nullif(c.v -> 'metadata', 'null'), '{}') else '{}' end,
               case when c.sound then nullif(c.v -> 'fence', 'null') end,
               case when c.sound then coalesce(nullif(c.v -> 'args', 'null'), '{}') else '{}' end,
               prepare.at, prepare.head, null,
               coalesce(c.p_code, c.answer ->> 'code'), coalesce(c.p_field, c.answer ->> 'field'),
               coalesce(c.p_message, c.answer ->> 'message'), coalesce(c.p_hint, c.answer ->> 'hint'),
               case when c.p_code is null then nullif(c.answer -> 'detail', 'null') end,
               case when c.p_code is null then nullif(c.answer -> 'result', 'null') end,
               case when c.p_code is null then c.answer_seq end,
               c.p_code is null and c.answer is not null, c.earlier, c.scope)::fleet_log.work order by c.ord)
      into works
      from checked c;
    return coalesce(works, '{}');
end $$;
comment on function fleet_log.prepare is
    'Requests as values, refused or answered already where that is clear. Example: select * from unnest(fleet_log.prepare(''[{"op":"append"}]'', now(), 0))';
