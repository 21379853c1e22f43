-- Rulings: what operators decided, word for word.

create view fleet_log.ruling_items as
select r.ruling_id, r.project, r.scope_kind, r.scope_id, r.state, jsonb_strip_nulls(jsonb_build_object(
           'ruling_id', r.ruling_id, 'project', nullif(r.project, ''), 'scope_kind', r.scope_kind,
           'scope_id', nullif(r.scope_id, ''), 'text', r.text, 'by', r.recorded_by,
           'at', fleet_log.json_time(r.recorded_at), 'status', r.state, 'revoked_by', r.revoked_by,
           'revoked_at', fleet_log.json_time(r.revoked_at), 'revoke_reason', r.revoke_reason,
           'stream_version', r.version, 'last_seq', r.last_seq)) as item
  from fleet_state.rulings r;
comment on view fleet_log.ruling_items is 'Rulings as JSON.';
comment on column fleet_log.ruling_items.item is 'The JSON object.';

create function fleet_log.rulings_for(project text, missions text[], sorties text[], callsigns text[])
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(i.item order by i.ruling_id), '[]')
              from fleet_log.ruling_items i
             where i.state = 'in_force' and i.project in (rulings_for.project, '')
               and case i.scope_kind when 'mission' then i.scope_id = any(missions)
                                     when 'sortie' then i.scope_id = any(sorties)
                                     when 'pilot' then i.scope_id = any(callsigns) else true end);
end $$;
comment on function fleet_log.rulings_for is
    'The rulings in force for a project and for any of these missions, sorties and pilots, oldest first. Example: select fleet_log.rulings_for(''demo'', ''{}'', ''{}'', ''{viper-1}'')';

create function fleet_log.ruling_id_of(project text, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
begin
    if given ~ '^rul_.{26}$' or length(given) < 4 then
        return given;
    end if;
    ids := array(select r.ruling_id from fleet_state.rulings r
                  where right(r.ruling_id, 4) = right(given, 4) and right(r.ruling_id, length(given)) = given
                    and r.project in (ruling_id_of.project, '') limit 2);
    if ids = '{}' and starts_with(given, 'rul_') then
        ids := array(select r.ruling_id from fleet_state.rulings r
                      where r.ruling_id >= given and r.ruling_id < given || chr(1114111)
                        and r.project in (ruling_id_of.project, '') limit 2);
    end if;
    return case when cardinality(ids) = 1 then ids[1] else given end;
end $$;
comment on function fleet_log.ruling_id_of is
    'The id that a start or an end of it means; what is not clear stays as it is. Example: select fleet_log.ruling_id_of(''demo'', ''x7k2pq'')';

create function fleet_log.ruling_scope(w fleet_log.work)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    kind constant text := coalesce(w.args ->> 'scope_kind', 'project');
    id text := w.args ->> 'scope_id';
begin
    -- {kind, project?, id?}, or {code, field, message, hint}.
    if kind in ('fleet', 'project') then
        if id is not null then
            return jsonb_build_object('code', 'invalid_field', 'message', 'the ' || kind || ' has no id: leave it out');
        end if;
        return jsonb_strip_nulls(jsonb_build_object('kind', kind,
                                                    'project', case kind when 'project' then w.project end));
    elsif id is null then
        return jsonb_build_object('code', 'invalid_field', 'message', format('is missing; say which %s', kind));
    end if;
    if kind = 'mission' then
        id := (fleet_log.find_mission(w, id)).mission_id;
    elsif kind = 'sortie' then
        id := (select s.sortie_id from fleet_state.sorties s
                where s.sortie_id = fleet_log.sortie_id_of(w.project, id) and s.project = w.project);
    else
        id := (select p.callsign from fleet_state.pilots p where p.project = w.project and p.callsign = id);
    end if;
    if id is null then
        return jsonb_build_object('code', 'not_found', 'message', format('no %s %s', kind, w.args ->> 'scope_id'),
            'hint', format('fleet %s list', case kind when 'sortie' then 'sorties' else kind || 's' end));
    end if;
    return jsonb_build_object('kind', kind, 'project', w.project, 'id', id);
end $$;
comment on function fleet_log.ruling_scope is
    'Where the ruling of a command holds, resolved, or what is wrong with it. Example, in a command: s := fleet_log.ruling_scope(w)';

create function fleet_log.do_record_ruling(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s constant jsonb := fleet_log.ruling_scope(w);
    id constant text := coalesce(w.args ->> 'ruling_id', fleet.new_id('rul'));
    asked_in constant text := w.project;
begin
    if s ? 'code' then
        return fleet_log.refuse(w, s ->> 'code', '/args/scope_id', s ->> 'message', s ->> 'hint');
    elsif w.args ->> 'text' !~ '[^[:space:]]' then
        return fleet_log.refuse(w, 'invalid_field', '/args/text', 'says nothing', 'write the decision down');
    elsif exists (select from fleet_state.rulings r where r.ruling_id = id) then
        return fleet_log.refuse(w, 'version_conflict', '/args/ruling_id', 'this id is in use', 'draw a new id');
    end if;
    w.project := coalesce(s ->> 'project', '');
    w := fleet_log.put(w, 'ruling_recorded', 'ruling', id,
                       jsonb_build_object('by', w.actor, 'text', w.args -> 'text', 'scope', s), null,
                       case s ->> 'kind' when 'mission' then s ->> 'id' when 'sortie' then (
                           select t.mission_id from fleet_state.sorties t where t.sortie_id = s ->> 'id') end);
    w.project := asked_in;
    w.result := (select i.item from fleet_log.ruling_items i where i.ruling_id = id);
    return w;
end $$;
comment on function fleet_log.do_record_ruling is
    'Command record_ruling, of operators. Example: select * from fleet.rule(''demo'', ''Never touch the payment module'')';

create function fleet_log.do_revoke_ruling(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked_in constant text := w.project;
    r fleet_state.rulings;
begin
    select * into r from fleet_state.rulings y
     where y.ruling_id = fleet_log.ruling_id_of(w.project, w.args ->> 'ruling_id') and y.project in (w.project, '');
    if r.ruling_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/ruling_id', 'no ruling ' || (w.args ->> 'ruling_id'),
                                'fleet ruling list shows them');
    end if;
    w := fleet_log.check_transition(w, 'ruling', r.state, 'ruling_revoked');
    if w.code is not null then
        return w;
    end if;
    w.project := r.project;
    w := fleet_log.put(w, 'ruling_revoked', 'ruling', r.ruling_id,
                       jsonb_build_object('by', w.actor, 'reason', w.args -> 'reason'));
    w.project := asked_in;
    w.result := (select i.item from fleet_log.ruling_items i where i.ruling_id = r.ruling_id);
    return w;
end $$;
comment on function fleet_log.do_revoke_ruling is
    'Command revoke_ruling, of operators. Example: select * from fleet.revoke_ruling(''demo'', ''x7k2pq'', ''the freeze is over'')';
