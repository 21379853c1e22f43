-- What the faces list and show of sorties; lists.sql has the rules.

create function fleet.list_sorties(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    place text := nullif(filter ->> 'project', '');
    states text[] := fleet_log.words(filter, 'status');
    mission text;
    needed text;
    page text[];
    wanted text;
begin
    mission := fleet_log.mission_id_of(place, filter ->> 'mission_id');
    needed := fleet_log.sortie_id_of(place, filter ->> 'depends_on', mission);
    if 'open' = any(states) then
        states := states || '{pending,assigned,in_progress,blocked,review}'::text[];
    end if;
    wanted := concat_ws(' and ', 'true',
        case when place is not null then 's.project = $1' end,
        case when mission is not null then 's.mission_id = $2' end,
        case when states is not null then 's.state = any($3)' end,
        case when filter ->> 'pilot' is not null then 's.pilot = $4 ->> ''pilot''' end,
        case when filter ->> 'role' is not null then 's.role = $4 ->> ''role''' end,
        case when needed is not null then 's.sortie_id in (select d.sortie_id from fleet_state.sortie_dependencies d where d.needs = $5)' end,
        case when filter ->> 'after' is not null then 's.sortie_id > $4 ->> ''after''' end);
    -- Planned for just these filters; first the ids of the page, then what is shown of them.
    execute 'select array(select s.sortie_id from fleet_state.sorties s where ' || wanted
            || ' order by s.sortie_id limit $6)'
       into page using place, mission, states, filter, needed, fleet_log.page_size(filter);
    return query
    select i.item::text, i.sortie_id::text from fleet_log.sortie_items i
     where i.sortie_id = any(page) order by i.sortie_id;
end $$;
comment on function fleet.list_sorties is
    'Sorties as JSON: project, mission_id, status (also: open), pilot, role, depends_on, limit, after. Example: select * from fleet.list_sorties(''{"project":"demo"}'')';

create function fleet.show_sortie(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    place text := nullif(filter ->> 'project', '');
    id text := fleet_log.sortie_id_of(place, coalesce(filter ->> 'sortie_id', ''));
begin
    return query
    select i.item::text, i.sortie_id::text from fleet_log.sortie_items i
     where i.sortie_id = id and (place is null or i.project = place);
end $$;
comment on function fleet.show_sortie is
    'One sortie as JSON, by id or (in a project) an unambiguous start or end of it. Example: select * from fleet.show_sortie(''{"sortie_id":"srt_01…"}'')';

create function fleet_log.why_not_for(s fleet_state.sorties, p fleet_state.pilots, halt text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case
        when not s.ready then fleet_log.why_not_ready(s)
        when halt is not null then halt
        when p.callsign is null then null
        when s.role <> coalesce(p.role, '') then 'it wants the role ' || s.role
        when not s.capabilities <@ p.capabilities then 'it wants ' || array_to_string(array(
            select c from unnest(s.capabilities) c where c <> all(p.capabilities)), ', ') end;
end $$;
comment on function fleet_log.why_not_for is
    'Why a pending sortie cannot be claimed, by this pilot if there is one; null if it can. Example, in fleet.list_ready: fleet_log.why_not_for(s, p, null)';

create function fleet.list_ready(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
declare
    place text := nullif(filter ->> 'project', '');
    mission text := fleet_log.mission_id_of(place, filter ->> 'mission_id');
    also_others boolean := coalesce(filter ->> 'all', 'false') = 'true';
    p fleet_state.pilots;
    -- Where the page before ended: not ready, rank, age.
    after text[] := string_to_array(filter ->> 'after', '.');
begin
    if after is not null and (filter ->> 'after') !~ '^[01]\.\d\.\d{1,18}$' then
        perform fleet.refuse('invalid_field', 'is not a cursor of this list', '/after');
    end if;
    if filter ->> 'callsign' is not null then
        select * into p from fleet_state.pilots y where y.project = place and y.callsign = filter ->> 'callsign';
        if p.callsign is null then
            perform fleet.refuse('not_found', 'no pilot ' || (filter ->> 'callsign'), '/callsign');
        end if;
    end if;
    return query
    with pending as materialized (
        select s.sortie_id, s.rank, s.created_seq,
               fleet_log.why_not_for(s, p, fleet_log.halted_here(s.project, s.mission_id)) as why_not
          from fleet_state.sorties s
         where s.state = 'pending' and (s.ready or also_others) and (place is null or s.project = place)
           and (mission is null or s.mission_id = mission)
    ), page as materialized (
        select x.* from pending x
         where (x.why_not is null or also_others)
           and (after is null or ((x.why_not is not null)::int, x.rank::int, x.created_seq)
                                 > (after[1]::int, after[2]::int, after[3]::bigint))
         order by x.why_not is not null, x.rank, x.created_seq limit fleet_log.page_size(filter)
    )
    select (i.item || jsonb_build_object('ready', x.why_not is null)
            || case when x.why_not is null then '{}' else jsonb_build_object('why_not', x.why_not) end)::text,
           (x.why_not is not null)::int || '.' || x.rank || '.' || x.created_seq
      from page x
     -- LIMIT keeps it a look-up for each, whatever the planner thinks of the table.
     cross join lateral (select y.item from fleet_log.sortie_items y where y.sortie_id = x.sortie_id limit 1) i
     order by x.why_not is not null, x.rank, x.created_seq;
end $$;
comment on function fleet.list_ready is
    'What can be claimed, in claim order, as JSON: project, mission_id, callsign, all (the others too, with why_not), limit, after. Example: select * from fleet.list_ready(''{"project":"demo","all":true}'')';
