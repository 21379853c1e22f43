-- Taking checkpoints. A checkpoint is a manifest that names its parts by their digests; parts that did not change since
-- an earlier checkpoint are kept once.

create function fleet_log.text_digest(text text)
returns text
language sql immutable parallel safe as $$ select encode(sha256(convert_to($1, 'UTF8')), 'hex') $$;
comment on function fleet_log.text_digest is 'sha256 of a text, hex. Example: select fleet_log.text_digest(''hello'')';

create function fleet_log.store_parts(project text, mission_id text, sortie_id text, at timestamptz,
                                      out sections jsonb, out counts jsonb, out bytes int, out stored int)
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A long section is cut where the digest of a key begins with 0, after sixteen items on average (messages are short:
    -- thirty-two): the cuts stay where they are whatever is added, so a change costs one part.
    with items as materialized (
        select i.section, i.key, i.item,
               count(*) filter (where left(md5(i.key), 1) = '0' and (i.section <> 'mail' or substr(md5(i.key), 2, 1) < '8'))
                   over (partition by i.section order by i.key collate "C") as place
          from fleet_log.snapshot_items(store_parts.project, store_parts.mission_id, store_parts.sortie_id,
                                        store_parts.at) i
    ), cut as materialized (
        select c.section, c.place, c.body, fleet_log.text_digest(c.body) as digest
          from (select i.section, i.place, jsonb_agg(i.item order by i.key collate "C")::text as body
                  from items i group by i.section, i.place) c
    ), kept as (
        insert into fleet_log.checkpoint_parts (digest, body)
        select distinct on (c.digest) c.digest, c.body from cut c order by c.digest
            on conflict on constraint checkpoint_parts_pkey do nothing
        returning octet_length(checkpoint_parts.body) as bytes
    )
    select (select jsonb_object_agg(g.section, g.digests)
              from (select c.section, jsonb_agg(c.digest order by c.place) as digests from cut c group by c.section) g),
           (select jsonb_build_object('sorties', count(*) filter (where i.section = 'sorties'),
                       'held', count(*) filter (where i.section = 'sorties' and i.item ? 'token'),
                       'reservations', count(*) filter (where i.section = 'reservations'),
                       'messages', count(*) filter (where i.section = 'mail'),
                       'blockers', count(*) filter (where i.section = 'blockers'),
                       'rulings', count(*) filter (where i.section = 'rulings'),
                       'files', count(*) filter (where i.section = 'files')) from items i),
           (select coalesce(sum(octet_length(c.body)), 0) from cut c),
           (select coalesce(sum(k.bytes), 0) from kept k)
      into sections, counts, bytes, stored;
    sections := coalesce(sections, '{}');
end $$;
comment on function fleet_log.store_parts is
    'Keeps what a checkpoint remembers and says by which digests. Example, in take_checkpoint: kept := fleet_log.store_parts(w.project, m, null, w.at)';

create function fleet_log.take_checkpoint(w fleet_log.work, mission_id text, sortie_id text, trigger text, more jsonb default '{}')
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id constant text := coalesce(more ->> 'checkpoint_id', fleet.new_id('chk'));
    kept record;
    notes constant text := (more -> 'notes')::text;
    progress int;
    manifest jsonb;
    body text;
begin
    -- more: {checkpoint_id?, name?, pilot?, causation_id?, notes? {summary?, next_steps?, decisions?, error?}}
    progress := case when take_checkpoint.sortie_id is null then fleet_log.mission_progress(take_checkpoint.mission_id)
                     else (select s.progress from fleet_state.sorties s where s.sortie_id = take_checkpoint.sortie_id) end;
    kept := fleet_log.store_parts(w.project, take_checkpoint.mission_id, take_checkpoint.sortie_id, w.at);
    if notes is not null then
        kept.sections := kept.sections || jsonb_build_object('notes', jsonb_build_array(fleet_log.keep_body(notes)));
    end if;
    manifest := jsonb_strip_nulls(jsonb_build_object(
        'format', fleet_log.checkpoint_format(), 'checkpoint_id', id, 'project', w.project,
        'mission_id', take_checkpoint.mission_id, 'sortie_id', take_checkpoint.sortie_id, 'trigger', take_checkpoint.trigger,
        'name', more -> 'name', 'by', w.actor, 'pilot', more -> 'pilot', 'seq', w.head,
        'event_id', (select e.event_id from fleet_log.events e where e.seq = w.head),
        'taken_at', fleet_log.json_time(w.at), 'progress', progress, 'counts', kept.counts, 'sections', kept.sections));
    body := manifest::text;
    insert into fleet_log.checkpoint_manifests (checkpoint_id, manifest, stored_bytes, kept_at)
    values (id, body, kept.stored + octet_length(body), w.at)
        on conflict on constraint checkpoint_manifests_pkey do nothing;
    w := fleet_log.put(w, 'checkpoint_created', 'checkpoint', id, jsonb_build_object(
            'mission_id', take_checkpoint.mission_id, 'sortie_id', take_checkpoint.sortie_id, 'name', more -> 'name',
            'trigger', take_checkpoint.trigger, 'progress_percent', progress, 'event_seq', manifest -> 'seq',
            'digest', fleet_log.text_digest(body), 'bytes', kept.bytes + octet_length(body),
            'format', fleet_log.checkpoint_format(), 'counts', kept.counts, 'pilot', more -> 'pilot',
            'body_digest', kept.sections #> '{notes,0}', 'body_bytes', octet_length(notes),
            'error_kind', more #> '{notes,error,kind}', 'error_message', left(more #>> '{notes,error,message}', 500)),
        more ->> 'causation_id', take_checkpoint.mission_id);
    w.result := jsonb_build_object('checkpoint_id', id);
    return w;
end $$;
comment on function fleet_log.take_checkpoint is
    'Takes a checkpoint of a mission, or of one sortie, at the present position; w.result is {checkpoint_id}. Example, in a command: w := fleet_log.take_checkpoint(w, m.mission_id, null, ''progress'')';

create function fleet_log.checkpoint_subject(w fleet_log.work, out mission fleet_state.missions, out sortie fleet_state.sorties,
                                             out problem text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
begin
    if w.args ->> 'sortie_id' is not null then
        sortie := fleet_log.find_sortie(w);
        if sortie.sortie_id is null then
            problem := 'sortie';
        else
            select * into mission from fleet_state.missions m where m.mission_id = sortie.mission_id;
        end if;
        return;
    elsif w.args ->> 'mission_id' is not null then
        mission := fleet_log.find_mission(w);
        problem := case when mission.mission_id is null then 'mission' end;
        return;
    end if;
    -- What the pilot is at; else the one thing that goes on here.
    select * into sortie from fleet_state.sorties s
     where s.project = w.project and s.pilot = w.actor and s.state in ('assigned', 'in_progress', 'blocked', 'review')
     order by s.assigned_at desc, s.sortie_id desc limit 1;
    if sortie.mission_id is not null then
        select * into mission from fleet_state.missions m where m.mission_id = sortie.mission_id;
        sortie := null;
    elsif sortie.sortie_id is null then
        ids := array(select m.mission_id from fleet_state.missions m
                      where m.project = w.project and m.state in ('in_progress', 'review') limit 2);
        if cardinality(ids) = 1 then
            select * into mission from fleet_state.missions m where m.mission_id = ids[1];
        else
            problem := case when ids = '{}' then 'none' else 'several' end;
        end if;
    end if;
end $$;
comment on function fleet_log.checkpoint_subject is
    'What a command wants a checkpoint of: a mission or a loose sortie, by name or by what its pilot does. Example, in create_checkpoint: subject := fleet_log.checkpoint_subject(w)';

create function fleet_log.checkpoint_notes(args jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    notes constant jsonb := jsonb_strip_nulls(jsonb_build_object('summary', nullif(args ->> 'summary', ''),
        'next_steps', nullif(args -> 'next_steps', '[]'), 'decisions', nullif(args -> 'decisions', '[]'),
        'error', args -> 'error'));
begin
    return nullif(notes, '{}');
end $$;
comment on function fleet_log.checkpoint_notes is
    'What a pilot adds to a checkpoint; null if nothing. Example: select fleet_log.checkpoint_notes(''{"summary":"half of it"}'')';

create function fleet_log.do_create_checkpoint(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id constant text := coalesce(w.args ->> 'checkpoint_id', fleet.new_id('chk'));
    notes constant jsonb := fleet_log.checkpoint_notes(w.args);
    kind constant text := coalesce(w.args ->> 'trigger', case when w.args ? 'error' then 'error' else 'manual' end);
    subject record;
    pilot fleet_state.pilots;
begin
    subject := fleet_log.checkpoint_subject(w);
    if subject.problem in ('none', 'several') then
        return fleet_log.refuse(w, 'not_found', '/args/mission_id', case subject.problem
            when 'none' then 'No active mission found' else 'several missions are in progress' end,
            'Use --mission <id> to specify');
    elsif subject.problem is not null then
        return fleet_log.refuse(w, 'not_found', '/args/' || subject.problem || '_id', format('no %s %s', subject.problem,
            w.args ->> (subject.problem || '_id')), format('fleet %ss list shows them', subject.problem));
    elsif exists (select from fleet_state.checkpoints c where c.checkpoint_id = id) then
        return fleet_log.refuse(w, 'version_conflict', '/args/checkpoint_id', 'this id is in use', 'draw a new id');
    elsif fleet_log.body_problem(notes::text) is not null then
        return fleet_log.refuse(w, 'forbidden', '/args/summary', fleet_log.body_problem(notes::text));
    elsif w.args #>> '{error,kind}' is null and kind = 'error' then
        return fleet_log.refuse(w, 'invalid_field', '/args/error', 'is missing: a checkpoint of an error says which');
    end if;
    pilot := fleet_log.find_pilot(w, w.actor);
    w := fleet_log.take_checkpoint(w, (subject.mission).mission_id, (subject.sortie).sortie_id, kind, jsonb_strip_nulls(
        jsonb_build_object('checkpoint_id', id, 'name', w.args -> 'name', 'notes', notes, 'pilot', pilot.callsign)));
    if kind = 'compaction' and pilot.pilot_id is not null then
        w := fleet_log.put(w, 'context_compacted', 'context', 'context:' || pilot.pilot_id, jsonb_build_object(
            'pilot', pilot.callsign, 'size_before', w.args -> 'size_before', 'size_after', w.args -> 'size_after'),
            w.event_id, (subject.mission).mission_id);
    end if;
    w.result := (select i.item from fleet_log.checkpoint_items i where i.checkpoint_id = id);
    return w;
end $$;
comment on function fleet_log.do_create_checkpoint is
    'Command create_checkpoint. Example: select * from fleet.checkpoint(''demo'', ''viper-1'', ''before the merge'')';
