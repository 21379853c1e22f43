-- What a sortie's pilot says while it is at work.

create function fleet_log.do_start_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
begin
    w := fleet_log.holder_problem(w, s, 'sortie_started');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put_sortie(w, s, 'sortie_started', jsonb_build_object('pilot', w.actor));
    return fleet_log.answer_sortie(w, s.sortie_id);
end $$;
comment on function fleet_log.do_start_sortie is
    'Command start_sortie. Example: select * from fleet.start_sortie(''demo'', ''viper-1'', ''srt_01…'', 42)';

create function fleet_log.touched(args jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- `./` in front is how many programs print a path.
    return (select jsonb_agg(distinct p) filter (where p <> '')
              from jsonb_array_elements_text(nullif(args -> 'files_touched', 'null')) f, regexp_replace(f, '^(\./)+', '') p);
end $$;
comment on function fleet_log.touched is
    'The files that a command says were touched, each once; null if none. Example: select fleet_log.touched(''{"files_touched":["./a.c"]}'')';

create function fleet_log.files_outside(files text[], held text[])
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp set enable_nestloop = off set jit = off as $$
begin
    -- Files meet patterns by their directories, in one join: asking every pattern about every file is a million regular
    -- expressions, under the order lock. Only globs are matched, and only against what lies below their literal
    -- directories; pattern by pattern, as the server keeps few compiled expressions.
    return array(
        with place as (
            select f, array_to_string(parts[1:n], '/') as dir
              from unnest(files) f, string_to_array(f, '/') parts, generate_series(0, cardinality(parts)) n
        ), pattern as materialized (
            select k.kind, rtrim(fleet_log.pattern_prefix(p), '/') as dir,
                   (select btrim(c, '/') from regexp_split_to_table(case k.kind when 'glob' then p end, '[*?]+') c
                     order by length(btrim(c, '/')) desc limit 1) as part,   -- what a path must contain to match
                   case k.kind when 'glob' then fleet_log.pattern_regex(p) end as regex
              from unnest(held) p, fleet_log.pattern_kind(p) k (kind)
        ), covered as (
            select x.f from place x join pattern p on p.dir = x.dir
             where p.kind = 'tree' or p.kind = 'file' and x.f = p.dir
             union
            select g.f
              from (select x.f, p.regex from place x join pattern p on p.dir = x.dir
                     where p.kind = 'glob' and strpos(x.f, p.part) > 0 order by p.regex offset 0) g
             where g.f ~ g.regex
        )
        select f from unnest(files) f except select c.f from covered c order by 1);
end $$;
comment on function fleet_log.files_outside is
    'Those of the files that no pattern covers. Example: select fleet_log.files_outside(''{src/a.c,b.c}'', ''{src/**}'')';

create function fleet_log.scope_draft(w fleet_log.work, s fleet_state.sorties, files jsonb)
returns fleet_log.draft
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    held text[];
    outside text[];
begin
    if files is null then
        return null;
    end if;
    held := array(select distinct p from fleet_state.reservations r, unnest(r.patterns) p
                   where r.project = w.project and r.holder = s.pilot and r.state = 'active' order by p limit 1000);
    -- A file is told of once, whichever pilot touched it.
    outside := array(select jsonb_array_elements_text(files) except select unnest(s.unreserved || held));
    if outside <> '{}' and held <> '{}' then
        outside := fleet_log.files_outside(outside, held);
    end if;
    if outside = '{}' then
        return null;
    end if;
    return (w.project, 'sortie_scope_violated', 'sortie', s.sortie_id,
            jsonb_build_object('files', outside, 'reserved', held), null, null)::fleet_log.draft;
end $$;
comment on function fleet_log.scope_draft is
    'The event for files that were touched without a reservation, or null. Example, in a command: fleet_log.scope_draft(w, s, fleet_log.touched(w.args))';

create function fleet_log.put_work(w fleet_log.work, s fleet_state.sorties, type text, data jsonb, before fleet_log.draft)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- What was touched without leave is said first, while the sortie is still at work.
    if before.type is null then
        w := fleet_log.put_sortie(w, s, put_work.type, data);
    else
        w := fleet_log.put_all(w, array[before, (s.project, put_work.type, 'sortie', s.sortie_id, data, null,
                                                 null)::fleet_log.draft], array[s.mission_id, s.mission_id]);
    end if;
    return w;
end $$;
comment on function fleet_log.put_work is
    'Writes what a pilot says, after what it touched outside its scope. Example, in a command: w := fleet_log.put_work(w, s, ''sortie_progress'', data, draft)';

create function fleet_log.do_progress(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
    files jsonb := fleet_log.touched(w.args);
    outside fleet_log.draft;
    m fleet_state.missions;
begin
    w := fleet_log.holder_problem(w, s, 'sortie_progress');
    if w.code is not null then
        return w;
    end if;
    outside := fleet_log.scope_draft(w, s, files);
    w := fleet_log.put_work(w, s, 'sortie_progress', jsonb_build_object(
        'percent', w.args -> 'percent', 'message', w.args -> 'message', 'files_touched', files), outside);
    if s.mission_id is not null and (w.args ->> 'percent')::int > s.progress then
        select * into m from fleet_state.missions y where y.mission_id = s.mission_id and y.state = 'in_progress';
        if m.mission_id is not null then
            w := fleet_log.tell_progress(w, m, w.event_id);
        end if;
    end if;
    return fleet_log.answer_sortie(w, s.sortie_id, jsonb_build_object('violated', (outside).data -> 'files',
                                                                      'checkpoint', fleet_log.taken_now(w, s)));
end $$;
comment on function fleet_log.do_progress is
    'Command progress. Example: select * from fleet.progress(''demo'', ''viper-1'', ''srt_01…'', 42, 50, ''half of it'')';

create function fleet_log.do_block(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
begin
    w := fleet_log.holder_problem(w, s, 'sortie_blocked');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put_sortie(w, s, 'sortie_blocked', jsonb_build_object(
        'reason', w.args -> 'reason', 'blocker_type', coalesce(w.args ->> 'blocker_type', 'external'),
        'blocker_id', w.args -> 'blocker_id'));
    return fleet_log.answer_sortie(w, s.sortie_id);
end $$;
comment on function fleet_log.do_block is
    'Command block. Example: select * from fleet.block(''demo'', ''viper-1'', ''srt_01…'', 42, ''the API key is missing'')';

create function fleet_log.do_unblock(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
begin
    w := fleet_log.holder_problem(w, s, 'sortie_unblocked');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put_sortie(w, s, 'sortie_unblocked', jsonb_build_object('resolution', w.args -> 'resolution'));
    return fleet_log.answer_sortie(w, s.sortie_id);
end $$;
comment on function fleet_log.do_unblock is
    'Command unblock. Example: select * from fleet.unblock(''demo'', ''viper-1'', ''srt_01…'', 42, ''the key is there'')';

create function fleet_log.do_return_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
    why text;
begin
    w := fleet_log.holder_problem(w, s, 'sortie_requeued');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.requeue_sorties(w, array[s.sortie_id], 'returned', null);
    why := w.event_id;
    w := fleet_log.free_sortie_files(w, w.project, array[s.sortie_id], why);
    return fleet_log.answer_sortie(w, s.sortie_id, jsonb_build_object('freed', nullif(w.result, '[]')));
end $$;
comment on function fleet_log.do_return_sortie is
    'Command return_sortie: pending for others, files free, progress kept. Example: select * from fleet.return_sortie(''demo'', ''viper-1'', ''srt_01…'', 42)';
