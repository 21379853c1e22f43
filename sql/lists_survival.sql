-- What the faces list and show of checkpoints and rulings; lists.sql has the rules.

create function fleet.list_checkpoints(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    mission constant text := fleet_log.mission_id_of(filter ->> 'project', filter ->> 'mission_id');
    sortie constant text := fleet_log.sortie_id_of(filter ->> 'project', filter ->> 'sortie_id');
begin
    return query
    select i.item::text, i.checkpoint_id::text from fleet_log.checkpoint_items i
     where (nullif(filter ->> 'project', '') is null or i.project = filter ->> 'project')
       and (mission is null or i.mission_id = mission) and (sortie is null or i.sortie_id = sortie)
       and (fleet_log.words(filter, 'trigger') is null or i.trigger = any(fleet_log.words(filter, 'trigger')))
       and i.state = any(coalesce(fleet_log.words(filter, 'status'), '{available,consumed}'))
       and (filter ->> 'after' is null or i.checkpoint_id < filter ->> 'after')
     order by i.checkpoint_id desc limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_checkpoints is
    'Checkpoints as JSON, newest first: project, mission_id, sortie_id, trigger, status (default available,consumed), limit, after. Example: select * from fleet.list_checkpoints(''{"project":"demo"}'')';

create function fleet.show_checkpoint(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id constant text := fleet_log.checkpoint_id_of(filter ->> 'project', filter ->> 'checkpoint_id');
    damage text;
begin
    damage := (select fleet_log.checkpoint_damage(c.checkpoint_id) from fleet_state.checkpoints c
                where c.checkpoint_id = id and c.state <> 'deleted');
    return query
    select (i.item || jsonb_strip_nulls(jsonb_build_object('damage', damage,
               'sections', fleet_log.checkpoint_sections(i.checkpoint_id))))::text, i.checkpoint_id::text
      from fleet_log.checkpoint_items i
     where i.checkpoint_id = id and i.project = filter ->> 'project';
end $$;
comment on function fleet.show_checkpoint is
    'One checkpoint as JSON, with what it remembers, or what is wrong with it. Example: select * from fleet.show_checkpoint(''{"project":"demo","checkpoint_id":"latest"}'')';

create function fleet.checkpoint_document(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id constant text := fleet_log.checkpoint_id_of(filter ->> 'project', filter ->> 'checkpoint_id');
begin
    return query
    select jsonb_strip_nulls(jsonb_build_object('checkpoint', i.item, 'manifest', m.manifest,
               'damage', fleet_log.checkpoint_damage(i.checkpoint_id),
               'parts', fleet_log.stored_parts(i.checkpoint_id)
                        || case when b.body is not null then jsonb_build_object(b.digest, b.body) else '{}' end,
               'redacted', case when b.redacted_at is not null then jsonb_build_object(b.digest, jsonb_build_object(
                   'by', b.redacted_by, 'reason', b.redact_reason, 'at', fleet_log.json_time(b.redacted_at))) end))::text,
           i.checkpoint_id::text
      from fleet_log.checkpoint_items i
      join fleet_log.checkpoint_manifests m on m.checkpoint_id = i.checkpoint_id
      left join fleet_log.bodies b on b.digest = i.item ->> 'body_digest'
     where i.checkpoint_id = id and i.project = filter ->> 'project';
end $$;
comment on function fleet.checkpoint_document is
    'A checkpoint letter for letter, for a copy elsewhere; what was erased is left out. Example: select * from fleet.checkpoint_document(''{"project":"demo","checkpoint_id":"latest"}'')';

create function fleet.list_rulings(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    wanted text := filter ->> 'scope_id';
begin
    wanted := case when fleet_log.mission_id_of(filter ->> 'project', wanted) <> wanted
                   then fleet_log.mission_id_of(filter ->> 'project', wanted)
                   else fleet_log.sortie_id_of(filter ->> 'project', wanted) end;
    return query
    select i.item::text, i.ruling_id::text from fleet_log.ruling_items i
     where (nullif(filter ->> 'project', '') is null or i.project in (filter ->> 'project', ''))
       and (fleet_log.words(filter, 'scope_kind') is null or i.scope_kind = any(fleet_log.words(filter, 'scope_kind')))
       and (wanted is null or i.scope_id = wanted)
       and i.state = any(coalesce(fleet_log.words(filter, 'status'), '{in_force}'))
       and (filter ->> 'after' is null or i.ruling_id > filter ->> 'after')
     order by i.ruling_id limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_rulings is
    'Rulings as JSON, oldest first: project (with those of the fleet), scope_kind, scope_id, status (default in_force), limit, after. Example: select * from fleet.list_rulings(''{"project":"demo"}'')';

create function fleet.show_ruling(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.ruling_id::text from fleet_log.ruling_items i
     where i.ruling_id = fleet_log.ruling_id_of(filter ->> 'project', filter ->> 'ruling_id')
       and i.project in (filter ->> 'project', '');
end $$;
comment on function fleet.show_ruling is
    'One ruling as JSON. Example: select * from fleet.show_ruling(''{"project":"demo","ruling_id":"x7k2pq"}'')';

create function fleet.list_recovery(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- An order of its own, errors first: the cursor is a place in it.
    return query
    select o.value::text, o.place::text
      from jsonb_array_elements(fleet_log.recovery_offers(nullif(filter ->> 'project', ''), clock_timestamp(),
               coalesce((filter ->> 'idle_seconds')::int, fleet_log.recovery_idle()))) with ordinality o (value, place)
     where filter ->> 'after' is null or o.place > (substring(filter ->> 'after' from '^[0-9]{1,9}$'))::bigint
     order by o.place limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_recovery is
    'Missions that stand still, and from which checkpoint each would go on: project, idle_seconds, limit, after. Example: select * from fleet.list_recovery(''{"project":"demo"}'')';
