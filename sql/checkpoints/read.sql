-- Reading checkpoints: what they are called, whether they are whole, what they remember.

create function fleet_log.checkpoint_format()
returns int
language sql immutable parallel safe as $$ select 1 $$;
comment on function fleet_log.checkpoint_format is
    'Version of the format in which checkpoints are written now; older ones are brought up to it when read. Example: select fleet_log.checkpoint_format()';

create view fleet_log.checkpoint_items as
select c.checkpoint_id, c.project, c.mission_id, c.sortie_id, c.trigger, c.state, c.event_seq,
       jsonb_strip_nulls(jsonb_build_object(
           'checkpoint_id', c.checkpoint_id, 'project', c.project, 'mission_id', c.mission_id, 'mission_title', m.title,
           'sortie_id', c.sortie_id, 'sortie_title', s.title, 'name', c.name, 'trigger', c.trigger, 'progress', c.progress,
           'event_seq', c.event_seq, 'digest', c.digest, 'bytes', c.bytes, 'format', c.format, 'counts', c.counts,
           'pilot', c.pilot, 'error', case when c.error_kind is not null then jsonb_build_object(
               'kind', c.error_kind, 'message', c.error_message) end,
           'body_digest', c.body_digest, 'body_bytes', c.body_bytes, 'redacted', b.redacted, 'created_by', c.created_by,
           'created_at', fleet_log.json_time(c.created_at), 'status', c.state,
           'consumed_at', fleet_log.json_time(c.consumed_at), 'consumed_by', c.consumed_by,
           'deleted_at', fleet_log.json_time(c.deleted_at), 'deleted_by', c.deleted_by,
           'deleted_reason', c.deleted_reason, 'stream_version', c.version, 'last_seq', c.last_seq)) as item
  from fleet_state.checkpoints c
  left join lateral (select x.title from fleet_state.missions x where x.mission_id = c.mission_id limit 1) m on true
  left join lateral (select x.title from fleet_state.sorties x where x.sortie_id = c.sortie_id limit 1) s on true
  left join lateral (select true as redacted from fleet_log.bodies x
                      where x.digest = c.body_digest and x.redacted_at is not null limit 1) b on true;
comment on view fleet_log.checkpoint_items is 'Checkpoints as JSON, without what they remember.';
comment on column fleet_log.checkpoint_items.item is 'The JSON object.';
comment on column fleet_log.checkpoint_items.state is 'available, consumed or deleted, to filter by.';

create function fleet_log.checkpoint_id_of(project text, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
begin
    if given is null or given ~ '^chk_.{26}$' then
        return given;
    elsif given = 'latest' then
        return coalesce((select c.checkpoint_id from fleet_state.checkpoints c
                          where c.project = checkpoint_id_of.project and c.state <> 'deleted'
                          order by c.checkpoint_id desc limit 1), given);
    end if;
    -- A name means the newest of that name; the last characters of an id are what people see.
    ids := array(select c.checkpoint_id from fleet_state.checkpoints c
                  where c.project = checkpoint_id_of.project and c.name = given and c.name is not null
                    and c.state <> 'deleted' order by c.event_seq desc, c.checkpoint_id desc limit 1);
    if ids = '{}' and length(given) >= 4 then
        ids := array(select x.checkpoint_id from (select c.checkpoint_id, c.project from fleet_state.checkpoints c
                                                   where right(c.checkpoint_id, 4) = right(given, 4) offset 0) x
                      where right(x.checkpoint_id, length(given)) = given and x.project = checkpoint_id_of.project limit 2);
    end if;
    if ids = '{}' and starts_with(given, 'chk_') and length(given) > 4 then
        ids := array(select c.checkpoint_id from fleet_state.checkpoints c
                      where c.checkpoint_id >= given and c.checkpoint_id < given || chr(1114111)
                        and c.project = checkpoint_id_of.project limit 2);
    end if;
    return case when cardinality(ids) = 1 then ids[1] else given end;
end $$;
comment on function fleet_log.checkpoint_id_of is
    'The id that a name, a start or an end of it means, or `latest`; what is not clear stays as it is. Example: select fleet_log.checkpoint_id_of(''demo'', ''before the merge'')';

create function fleet_log.find_checkpoint(w fleet_log.work)
returns fleet_state.checkpoints
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    c fleet_state.checkpoints;
begin
    select * into c from fleet_state.checkpoints y
     where y.checkpoint_id = fleet_log.checkpoint_id_of(w.project, w.args ->> 'checkpoint_id') and y.project = w.project;
    return c;
end $$;
comment on function fleet_log.find_checkpoint is
    'The checkpoint that a command names, or nulls. Example, in a command: c := fleet_log.find_checkpoint(w)';

create function fleet_log.manifest_damage(manifest text, digest text, parts jsonb)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    bad text;
begin
    -- parts: texts by digest.
    if fleet_log.text_digest(manifest) <> digest then
        return 'its manifest does not fit its digest';
    end if;
    select s.key || ': part ' || left(p.digest, 8) || case when parts ->> p.digest is null then ' is missing'
                                                           else ' does not fit its digest' end
      into bad
      from jsonb_each(manifest::jsonb -> 'sections') s
     cross join lateral jsonb_array_elements_text(s.value) p (digest)
     where s.key <> 'notes' and fleet_log.text_digest(parts ->> p.digest) is distinct from p.digest
     order by s.key limit 1;
    return bad;
end $$;
comment on function fleet_log.manifest_damage is
    'What is wrong with a manifest and its parts; null if all fits. Example: select fleet_log.manifest_damage(m.manifest, c.digest, ''{}'')';

create function fleet_log.part_digests(manifest text)
returns text[]
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Notes are a body like a message: they can be erased, and are not kept with the parts.
    return array(select distinct p.digest from jsonb_each(manifest::jsonb -> 'sections') s
                  cross join lateral jsonb_array_elements_text(s.value) p (digest) where s.key <> 'notes' order by 1);
end $$;
comment on function fleet_log.part_digests is
    'Digests of the parts that a manifest names. Example: select fleet_log.part_digests(m.manifest) from fleet_log.checkpoint_manifests m';

create function fleet_log.stored_parts(id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_object_agg(p.digest, p.body), '{}')
              from fleet_log.checkpoint_manifests m
             cross join lateral unnest(fleet_log.part_digests(m.manifest)) part (digest)
             cross join lateral (select x.* from fleet_log.checkpoint_parts x where x.digest = part.digest limit 1) p
             where m.checkpoint_id = stored_parts.id);
end $$;
comment on function fleet_log.stored_parts is
    'The parts of a checkpoint that are kept, by digest. Example: select fleet_log.stored_parts(''chk_01…'')';

create function fleet_log.checkpoint_damage(id text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    c fleet_state.checkpoints;
    manifest text;
    notes text;
begin
    select * into c from fleet_state.checkpoints y where y.checkpoint_id = checkpoint_damage.id;
    select m.manifest into manifest from fleet_log.checkpoint_manifests m where m.checkpoint_id = checkpoint_damage.id;
    if c.checkpoint_id is null or manifest is null then
        return 'its texts are gone';
    end if;
    select b.body into notes from fleet_log.bodies b where b.digest = c.body_digest;
    if notes is not null and fleet_log.text_digest(notes) <> c.body_digest then
        return 'notes do not fit their digest';
    end if;
    if fleet_log.text_digest(manifest) <> c.digest then
        return 'its manifest does not fit its digest';
    end if;
    return fleet_log.manifest_damage(manifest, c.digest, fleet_log.stored_parts(c.checkpoint_id));
exception when data_corrupted or internal_error or invalid_text_representation or untranslatable_character
               or character_not_in_repertoire or program_limit_exceeded then
    -- The server itself cannot read the page, or the compressed text.
    return 'the database cannot read it: ' || sqlerrm;
end $$;
comment on function fleet_log.checkpoint_damage is
    'What is wrong with a checkpoint as it is kept here; null if all of it fits its digests. Example: select fleet_log.checkpoint_damage(c.checkpoint_id) from fleet_state.checkpoints c';

create function fleet_log.upcast_checkpoint(format int, sections jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- One step a version, oldest first: each leaves the sections in the form of the next. A stored sample of each version
    -- (tests/samples) is read by a test.
    if format < 1 or format > fleet_log.checkpoint_format() then
        return null;
    end if;
    return sections;
end $$;
comment on function fleet_log.upcast_checkpoint is
    'What a checkpoint remembers, in the present format; null for a format that is not known here. Example: select fleet_log.upcast_checkpoint(1, ''{}'')';

create function fleet_log.checkpoint_sections(id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    manifest jsonb;
    parts jsonb;
    sections jsonb;
    kept fleet_log.bodies;
begin
    if fleet_log.checkpoint_damage(checkpoint_sections.id) is not null then
        return null;
    end if;
    manifest := (select m.manifest from fleet_log.checkpoint_manifests m where m.checkpoint_id = checkpoint_sections.id)::jsonb;
    parts := fleet_log.stored_parts(checkpoint_sections.id);
    sections := (select coalesce(jsonb_object_agg(g.section, g.items), '{}')
                   from (select s.key as section, jsonb_agg(i.value order by p.place, i.place) as items
                           from jsonb_each(manifest -> 'sections') s
                          cross join lateral jsonb_array_elements_text(s.value) with ordinality p (digest, place)
                          cross join lateral jsonb_array_elements((parts ->> p.digest)::jsonb)
                                with ordinality i (value, place)
                          where s.key <> 'notes' group by s.key) g);
    sections := sections || jsonb_build_object('mission', sections #> '{mission,0}');
    if manifest #> '{sections,notes}' is not null then
        select * into kept from fleet_log.bodies b where b.digest = manifest #>> '{sections,notes,0}';
        sections := sections || jsonb_build_object('notes', case when kept.body is not null then kept.body::jsonb
            else jsonb_build_object('redacted', jsonb_build_object('by', kept.redacted_by, 'reason', kept.redact_reason,
                                    'at', fleet_log.json_time(kept.redacted_at))) end);
    end if;
    return jsonb_strip_nulls(fleet_log.upcast_checkpoint((manifest ->> 'format')::int, sections));
end $$;
comment on function fleet_log.checkpoint_sections is
    'What a checkpoint remembers, by section; null if it is damaged. Example: select fleet_log.checkpoint_sections(''chk_01…'')';
