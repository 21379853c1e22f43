-- Deleting checkpoints, one by hand or many by policy, and giving a lost one back.

create function fleet_log.known_parts(m fleet_log.checkpoint_manifests)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.part_digests(m.manifest);
exception when invalid_text_representation or data_corrupted or internal_error then
    return '{}';   -- damaged: it can name nothing any more
end $$;
comment on function fleet_log.known_parts is
    'The parts of a kept manifest, none if it cannot be read. Example: select fleet_log.known_parts(m) from fleet_log.checkpoint_manifests m';

create function fleet_log.drop_texts(ids text[])
returns bigint
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    loose text[];
    freed bigint;
begin
    -- A part goes with the last checkpoint that names it.
    select array_agg(distinct p), coalesce((select sum(octet_length(k.manifest)) from fleet_log.checkpoint_manifests k
                                             where k.checkpoint_id = any(ids)), 0)
      into loose, freed
      from fleet_log.checkpoint_manifests m cross join lateral unnest(fleet_log.known_parts(m)) p
     where m.checkpoint_id = any(ids);
    delete from fleet_log.checkpoint_manifests m where m.checkpoint_id = any(ids);
    if loose is not null then
        with named as materialized (
            select distinct p as digest
              from fleet_log.checkpoint_manifests m cross join lateral unnest(fleet_log.known_parts(m)) p
        ), gone as (
            delete from fleet_log.checkpoint_parts c
             where c.digest = any(loose) and not exists (select from named n where n.digest = c.digest)
            returning octet_length(c.body) as bytes
        )
        select freed + coalesce(sum(g.bytes), 0) into freed from gone g;
    end if;
    return freed;
end $$;
comment on function fleet_log.drop_texts is
    'Drops the texts of checkpoints and says how many bytes that were. Example, in a command: freed := fleet_log.drop_texts(ids)';

create function fleet_log.delete_checkpoints(w fleet_log.work, ids text[], reason text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    freed bigint := 0;
begin
    if ids <> '{}' then
        w := fleet_log.put_all(w,
            array(select (c.project, 'checkpoint_deleted', 'checkpoint', c.checkpoint_id,
                          jsonb_build_object('by', w.actor, 'reason', delete_checkpoints.reason), null, null)::fleet_log.draft
                    from unnest(ids) with ordinality u (id, n)
                   cross join lateral (select x.* from fleet_state.checkpoints x where x.checkpoint_id = u.id limit 1) c
                   order by u.n),
            array(select c.mission_id from unnest(ids) with ordinality u (id, n)
                   cross join lateral (select x.* from fleet_state.checkpoints x where x.checkpoint_id = u.id limit 1) c
                   order by u.n));
        freed := fleet_log.drop_texts(ids);
    end if;
    w.result := to_jsonb(freed);
    return w;
end $$;
comment on function fleet_log.delete_checkpoints is
    'Deletes checkpoints; w.result is how many bytes that freed. Example, in a command: w := fleet_log.delete_checkpoints(w, ids, ''pruned'')';

create function fleet_log.do_delete_checkpoint(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    c constant fleet_state.checkpoints := fleet_log.find_checkpoint(w);
    freed jsonb;
begin
    if c.checkpoint_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/checkpoint_id', 'Checkpoint not found: ' || (w.args ->> 'checkpoint_id'),
                                'fleet checkpoint list shows them');
    end if;
    w := fleet_log.check_transition(w, 'checkpoint', c.state, 'checkpoint_deleted');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.delete_checkpoints(w, array[c.checkpoint_id], 'manual');
    freed := w.result;
    w.result := (select i.item from fleet_log.checkpoint_items i where i.checkpoint_id = c.checkpoint_id)
                || jsonb_build_object('freed_bytes', freed);
    return w;
end $$;
comment on function fleet_log.do_delete_checkpoint is
    'Command delete_checkpoint, of operators. Example: select * from fleet.act(''[{"op":"delete_checkpoint","project":"demo","args":{"checkpoint_id":"latest"}}]'')';

create function fleet_log.prunable(project text, mission_id text, at timestamptz, older_than interval, keep int, max_bytes bigint)
returns table (checkpoint_id text, mission text, why text, bytes bigint)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    with ranked as (
        select c.checkpoint_id as id, c.mission_id as of_mission, c.created_at, c.name, c.trigger, c.state, c.event_seq,
               not coalesce(fleet_log.has_ended(coalesce(m.state, s.state)), true) as is_open,
               row_number() over of_one as place,
               -- An error that nothing taken since makes old news.
               c.trigger = 'error' and c.state = 'available' and not coalesce(bool_or(
                   c.trigger in ('progress', 'manual', 'compaction') or c.state = 'consumed') over newer, false) as stands,
               (select k.stored_bytes from fleet_log.checkpoint_manifests k where k.checkpoint_id = c.checkpoint_id) as kept
          from fleet_state.checkpoints c
          left join lateral (select x.state from fleet_state.missions x where x.mission_id = c.mission_id limit 1) m on true
          left join lateral (select x.state from fleet_state.sorties x where x.sortie_id = c.sortie_id limit 1) s on true
         where c.state <> 'deleted' and (prunable.project is null or c.project = prunable.project)
           and (prunable.mission_id is null or c.mission_id = prunable.mission_id)
        window of_one as (partition by coalesce(c.mission_id, c.sortie_id), c.sortie_id is null
                          order by c.event_seq desc, c.checkpoint_id desc),
               newer as (partition by coalesce(c.mission_id, c.sortie_id), c.sortie_id is null
                         order by c.event_seq desc, c.checkpoint_id desc rows between unbounded preceding and 1 preceding)
    ), judged as (
        -- What an open mission may need is never touched; of what is over the last one stays.
        select r.*, r.place = 1 or r.is_open and (r.name is not null or r.stands) as needed,
               r.place > case when r.is_open then prunable.keep else 1 end and r.created_at < prunable.at - older_than as old,
               coalesce(sum(coalesce(r.kept, 0)) over (order by r.created_at desc, r.id desc), 0) as upto
          from ranked r
    )
    select j.id::text, j.of_mission::text, case when j.old then 'age' else 'size' end, coalesce(j.kept, 0)::bigint
      from judged j
     where not j.needed and (j.old or prunable.max_bytes is not null and j.upto > prunable.max_bytes)
     order by j.created_at, j.id limit 1000;
end $$;
comment on function fleet_log.prunable is
    'Checkpoints that the policy lets go, the oldest first, a thousand at once. Example: select * from fleet_log.prunable(''demo'', null, now(), ''7 days'', 3, 268435456)';

create function fleet_log.do_prune_checkpoints(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    mission text;
    items jsonb;
    freed jsonb;
begin
    if w.args ->> 'mission_id' is not null then
        mission := (fleet_log.find_mission(w)).mission_id;
        if mission is null then
            return fleet_log.mission_problem(w, null, null);
        end if;
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('checkpoint_id', p.checkpoint_id, 'mission_id', p.mission, 'why', p.why,
                                                 'bytes', p.bytes)), '[]'), coalesce(sum(p.bytes), 0)
      into items, freed
      from fleet_log.prunable(w.project, mission, w.at,
               make_interval(secs => coalesce((w.args ->> 'older_than_seconds')::float, 604800)),
               coalesce((w.args ->> 'keep')::int, 3), coalesce((w.args ->> 'max_bytes')::bigint, 268435456)) p;
    if not coalesce((w.args ->> 'dry_run')::boolean, false) then
        w := fleet_log.delete_checkpoints(w, array(select i ->> 'checkpoint_id' from jsonb_array_elements(items) i), 'pruned');
        freed := w.result;
    end if;
    w.result := jsonb_strip_nulls(jsonb_build_object('dry_run', w.args -> 'dry_run', 'deleted', jsonb_array_length(items),
                                                     'freed_bytes', freed, 'items', items));
    return w;
end $$;
comment on function fleet_log.do_prune_checkpoints is
    'Command prune_checkpoints, of operators. Example: select * from fleet.prune(''demo'')';

create function fleet_log.sweep_checkpoints(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    policy constant jsonb := coalesce(w.args -> 'checkpoints', '{}');
    pause constant int := coalesce((policy ->> 'every_seconds')::int, 3600);
    before constant text := w.project;
    ids text[];
begin
    w.result := '0';
    insert into fleet_live.sweeps as s (duty, stale_seconds, swept_at)
    values ('recovery', coalesce((policy ->> 'idle_seconds')::int, 300), w.at)
        on conflict on constraint sweeps_pkey do update
       set stale_seconds = excluded.stale_seconds, swept_at = excluded.swept_at;
    -- Not in every round: it looks at all of them.
    insert into fleet_live.sweeps as s (duty, stale_seconds, swept_at) values ('prune', pause, w.at)
        on conflict on constraint sweeps_pkey do update
       set stale_seconds = excluded.stale_seconds, swept_at = excluded.swept_at
     where s.swept_at <= excluded.swept_at - make_interval(secs => excluded.stale_seconds);
    if not found then
        return w;
    end if;
    ids := array(select p.checkpoint_id from fleet_log.prunable(null, null, w.at,
                     make_interval(secs => coalesce((policy ->> 'older_than_seconds')::float, 604800)),
                     coalesce((policy ->> 'keep')::int, 3), coalesce((policy ->> 'max_bytes')::bigint, 268435456)) p);
    w := fleet_log.delete_checkpoints(w, ids, 'pruned');
    w.project := before;
    w.result := to_jsonb(cardinality(ids));
    return w;
end $$;
comment on function fleet_log.sweep_checkpoints is
    'The leader''s part: now and then what the policy lets go; w.result counts it. Example, in do_sweep: w := fleet_log.sweep_checkpoints(w)';

create function fleet_log.do_keep_checkpoint(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id constant text := w.args ->> 'checkpoint_id';
    text constant text := w.args ->> 'manifest';
    c fleet_state.checkpoints;
    given jsonb;
    damage text;
    mended boolean := false;
begin
    select * into c from fleet_state.checkpoints x where x.checkpoint_id = id and x.project = w.project;
    if c.checkpoint_id is null then
        return fleet_log.keep_unknown(w);
    elsif c.state = 'deleted' then
        return fleet_log.refuse(w, 'transition_refused', '/args/checkpoint_id', 'it was deleted', 'it is not wanted any more',
                                '{"found": "deleted"}');
    end if;
    if fleet_log.text_digest(text) <> c.digest then
        return fleet_log.refuse(w, 'invalid_field', '/args/manifest', 'does not fit the digest of the checkpoint',
                                'this copy is damaged, or of another checkpoint');
    end if;
    damage := fleet_log.manifest_damage(text, c.digest, w.args -> 'parts');
    if damage is not null then
        return fleet_log.refuse(w, 'invalid_field', '/args/parts', 'the copy is damaged: ' || damage);
    end if;
    if fleet_log.checkpoint_damage(id) is not null then
        perform fleet_log.put_texts(id, text, w.args -> 'parts', w.at);
        mended := true;
    end if;
    w.result := (select i.item from fleet_log.checkpoint_items i where i.checkpoint_id = id)
                || jsonb_build_object('mended', mended);
    return w;
end $$;
comment on function fleet_log.do_keep_checkpoint is
    'Command keep_checkpoint, of operators: mends a damaged checkpoint from a copy. Example: see fleet.checkpoint_document';

create function fleet_log.put_texts(id text, manifest text, parts jsonb, at timestamptz)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    notes constant text := manifest::jsonb #>> '{sections,notes,0}';
    digests constant text[] := fleet_log.part_digests(manifest);
begin
    -- What is there and cannot be read is replaced.
    delete from fleet_log.checkpoint_parts p
     where p.digest = any(digests);
    insert into fleet_log.checkpoint_parts (digest, body) select d, put_texts.parts ->> d from unnest(digests) d;
    delete from fleet_log.checkpoint_manifests m where m.checkpoint_id = put_texts.id;
    insert into fleet_log.checkpoint_manifests (checkpoint_id, manifest, stored_bytes, kept_at)
    values (id, put_texts.manifest, octet_length(put_texts.manifest), put_texts.at);
    -- What an operator erased stays erased.
    update fleet_log.bodies b set body = put_texts.parts ->> notes
     where b.digest = notes and b.redacted_at is null and fleet_log.text_digest(put_texts.parts ->> notes) = notes;
    insert into fleet_log.bodies (digest, body, bytes)
    select notes, put_texts.parts ->> notes, octet_length(put_texts.parts ->> notes)
     where fleet_log.text_digest(put_texts.parts ->> notes) = notes
        on conflict on constraint bodies_pkey do nothing;
end $$;
comment on function fleet_log.put_texts is
    'Keeps the texts of a checkpoint in the place of what is there. Example: see fleet_log.do_keep_checkpoint';

create function fleet_log.keep_unknown(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    text constant text := w.args ->> 'manifest';
    id constant text := w.args ->> 'checkpoint_id';
    m jsonb;
    damage text;
begin
    -- A database that was set back does not know what its copies know. The digest that came with the copy must fit.
    if w.args ->> 'digest' is null or fleet_log.text_digest(text) <> w.args ->> 'digest' then
        return fleet_log.refuse(w, 'invalid_field', '/args/digest', 'does not fit the manifest', 'this copy is damaged');
    end if;
    damage := fleet_log.manifest_damage(text, w.args ->> 'digest', w.args -> 'parts');
    if damage is not null then
        return fleet_log.refuse(w, 'invalid_field', '/args/parts', 'the copy is damaged: ' || damage);
    end if;
    m := text::jsonb;
    if m ->> 'checkpoint_id' is distinct from id or m ->> 'project' is distinct from w.project
       or (m ->> 'format')::int not between 1 and fleet_log.checkpoint_format() then
        return fleet_log.refuse(w, 'invalid_field', '/args/manifest', 'is of another checkpoint, project or format',
            'this is ' || coalesce(m ->> 'checkpoint_id', 'no checkpoint') || ' of ' || coalesce(m ->> 'project', 'no project'));
    end if;
    perform fleet_log.put_texts(id, text, w.args -> 'parts', w.at);
    w := fleet_log.put(w, 'checkpoint_created', 'checkpoint', id, jsonb_build_object(
            'mission_id', m -> 'mission_id', 'sortie_id', m -> 'sortie_id', 'name', m -> 'name', 'trigger', m -> 'trigger',
            'progress_percent', m -> 'progress', 'event_seq', m -> 'seq', 'digest', w.args -> 'digest',
            'bytes', octet_length(text) + (select coalesce(sum(octet_length(p.value)), 0)
                                             from jsonb_each_text(w.args -> 'parts') p),
            'format', m -> 'format', 'counts', m -> 'counts', 'pilot', m -> 'pilot',
            'body_digest', m #> '{sections,notes,0}',
            'body_bytes', octet_length(w.args -> 'parts' ->> (m #>> '{sections,notes,0}'))), null, m ->> 'mission_id');
    w.result := (select i.item from fleet_log.checkpoint_items i where i.checkpoint_id = id)
                || '{"mended": true}';
    return w;
end $$;
comment on function fleet_log.keep_unknown is
    'Takes in a copy of a checkpoint that this database does not know. Example: see fleet_log.do_keep_checkpoint';
