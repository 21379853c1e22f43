-- Handing work in for a verdict, and the verdict.

create function fleet_log.error_problem(w fleet_log.work, error jsonb)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    problem jsonb;
begin
    if error is null or jsonb_typeof(error) = 'null' then
        return w;
    end if;
    -- The rows of a command's fields do not look into objects; the event's schema does.
    problem := fleet_log.event_problem('sortie_failed', 1, jsonb_build_object('error', error, 'attempt', 1, 'final', true));
    if problem is null then
        problem := fleet_log.error_fields_problem(error);
    end if;
    if problem is null then
        return w;
    end if;
    return fleet_log.refuse(w, problem ->> 'code', '/args' || regexp_replace(problem ->> 'field', '^/data', ''),
                            problem ->> 'message');
end $$;
comment on function fleet_log.error_problem is
    'Refuses an error that is not {kind, message, …}. Example, in a command: w := fleet_log.error_problem(w, w.args -> ''error'')';

create function fleet_log.error_fields_problem(error jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    most constant jsonb := '{"kind": 100, "message": 4000, "command": 2000, "stack": 16000, "output_digest": 100}';
    wrong text;
begin
    wrong := (select k from jsonb_object_keys(error) k where k <> 'detail' and not most ? k order by k limit 1);
    if wrong is not null then
        return jsonb_build_object('code', 'unknown_field', 'field', '/error/' || wrong,
                                  'message', 'an error has kind, message, detail, command, stack, output_digest');
    end if;
    wrong := (select m.key from jsonb_each_text(most) m
               where (m.key in ('kind', 'message') and coalesce(error ->> m.key, '') = '')
                  or (error ? m.key and (jsonb_typeof(error -> m.key) <> 'string'
                                         or length(error ->> m.key) > m.value::int)) order by m.key limit 1);
    if wrong is null and jsonb_typeof(error -> 'detail') not in ('object', 'null') then
        wrong := 'detail';
    end if;
    return case when wrong is not null then jsonb_build_object('code', 'invalid_field', 'field', '/error/' || wrong,
        'message', case wrong when 'detail' then 'must be an object'
                              else format('must be a text of 1 to %s characters', most ->> wrong) end) end;
end $$;
comment on function fleet_log.error_fields_problem is
    'What is wrong with an error''s fields, or null. Example: select fleet_log.error_fields_problem(''{"kind":"test","message":"2 fail"}'')';

create function fleet_log.hand_in_problem(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item jsonb;
    place int := 0;
    words text;
begin
    if octet_length((w.args -> 'result')::text) > 65536 then
        return fleet_log.refuse(w, 'too_large', '/args/result', 'the result is larger than 65536 bytes',
                                'put it into a file and name the file');
    end if;
    for item in select x from jsonb_array_elements(coalesce(nullif(w.args -> 'evidence', 'null'), '[]')) x loop
        if item - '{command,exit_code,output_digest}'::text[] <> '{}' or coalesce(item ->> 'command', '') = ''
           or jsonb_typeof(item -> 'command') <> 'string' or length(item ->> 'command') > 2000
           or jsonb_typeof(item -> 'exit_code') is distinct from 'number' or (item ->> 'exit_code') !~ '^-?\d{1,9}$'
           or length(item ->> 'output_digest') > 100 or jsonb_typeof(item -> 'output_digest') not in ('string', 'null') then
            return fleet_log.refuse(w, 'invalid_field', '/args/evidence/' || place,
                                    'evidence is {command, exit_code, output_digest?}');
        end if;
        place := place + 1;
    end loop;
    words := coalesce(fleet_log.body_problem(w.args ->> 'summary'), fleet_log.body_problem((w.args -> 'result')::text));
    if words is not null then
        return fleet_log.refuse(w, 'forbidden', '/args/summary', words, 'say it in other words');
    end if;
    return w;
end $$;
comment on function fleet_log.hand_in_problem is
    'Refuses a result without bounds, evidence that is none, and texts that were erased. Example, in a command: w := fleet_log.hand_in_problem(w)';

create function fleet_log.handed_in_data(args jsonb, files jsonb)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    summary text := nullif(args ->> 'summary', '');
    result text := nullif((args -> 'result')::text, 'null');
begin
    return jsonb_build_object(
        'summary_digest', case when summary is not null then fleet_log.keep_body(summary) end,
        'summary_bytes', octet_length(summary), 'files_touched', files, 'evidence', nullif(args -> 'evidence', 'null'),
        'result_digest', case when result is not null then fleet_log.keep_body(result) end,
        'result_bytes', octet_length(result));
end $$;
comment on function fleet_log.handed_in_data is
    'Data of what is handed in, with its texts kept apart. Example, in a command: data := fleet_log.handed_in_data(w.args, files)';

create function fleet_log.do_request_review(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
    files jsonb := fleet_log.touched(w.args);
    outside fleet_log.draft;
begin
    w := fleet_log.holder_problem(w, s, 'sortie_review_requested');
    if w.code is null then
        w := fleet_log.hand_in_problem(w);
    end if;
    if w.code is not null then
        return w;
    end if;
    if w.args ->> 'reviewer' = s.pilot then
        return fleet_log.refuse(w, 'invalid_field', '/args/reviewer', 'nobody reviews his own work', 'ask another');
    end if;
    outside := fleet_log.scope_draft(w, s, files);
    w := fleet_log.put_work(w, s, 'sortie_review_requested',
        jsonb_build_object('reviewer', w.args -> 'reviewer') || fleet_log.handed_in_data(w.args, files), outside);
    return fleet_log.answer_sortie(w, s.sortie_id, jsonb_build_object('violated', (outside).data -> 'files'));
end $$;
comment on function fleet_log.do_request_review is
    'Command request_review. Example: select * from fleet.request_review(''demo'', ''viper-1'', ''srt_01…'', 42, ''raven-1'')';

create function fleet_log.do_review(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
    verdict text := w.args ->> 'verdict';
    said fleet_log.draft;
begin
    w := fleet_log.sortie_problem(w, s, 'review_completed');
    if w.code is not null then
        return w;
    end if;
    if s.pilot = w.actor then
        return fleet_log.refuse(w, 'forbidden', '/actor', 'nobody reviews his own work', 'ask another');
    elsif s.reviewer <> w.actor and not coalesce('operator' = any(w.roles), false) then
        return fleet_log.refuse(w, 'forbidden', '/actor', s.reviewer || ' is asked for this verdict',
                                'an operator may give it, too');
    end if;
    said := (s.project, 'review_completed', 'sortie', s.sortie_id, jsonb_build_object('reviewer', w.actor,
        'verdict', verdict, 'feedback', w.args -> 'feedback', 'issues', w.args -> 'issues'), null, null)::fleet_log.draft;
    case verdict
        when 'approved' then
            w := fleet_log.put_all(w, array[said, (s.project, 'sortie_completed', 'sortie', s.sortie_id,
                jsonb_build_object('summary_digest', s.summary_digest, 'summary_bytes', s.summary_bytes,
                    'files_touched', s.files_touched, 'evidence', s.evidence, 'result_digest', s.result_digest,
                    'result_bytes', s.result_bytes,
                    'duration_ms', fleet_log.elapsed_ms(coalesce(s.started_at, s.assigned_at), w.at)),
                null, null)::fleet_log.draft], array[s.mission_id, s.mission_id]);
            w := fleet_log.end_sorties(w, array[s.sortie_id]);
        when 'rejected' then
            w := fleet_log.fail_attempt(w, s, jsonb_build_object('kind', 'rejected', 'message', coalesce(
                nullif(w.args ->> 'feedback', ''), 'rejected by ' || w.actor)), false, said);
        when 'needs_changes' then
            w := fleet_log.put_all(w, array[said], array[s.mission_id]);
            w.result := '{}';
            if not exists (select from fleet_state.pilots p where p.project = s.project and p.callsign = s.pilot
                              and p.state in ('active', 'idle')) then
                -- Its pilot has gone: whoever takes it next finds the feedback.
                w := fleet_log.requeue_sorties(w, array[s.sortie_id], 'review', w.event_id);
                w.result := '{}';
            end if;
    end case;
    return fleet_log.answer_sortie(w, s.sortie_id, w.result);
end $$;
comment on function fleet_log.do_review is
    'Command review. Example: select * from fleet.review(''demo'', ''raven-1'', ''srt_01…'', ''approved'')';
