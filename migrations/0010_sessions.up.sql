-- breaking: no
-- Sessions of agent programs: which pilot a client's session is, and what it was told and touched. Nothing here is in the
-- log: a session is a connection, its pilot is what the log knows.

create table fleet_live.agent_sessions (
    client text collate "C" not null,
    session_id text collate "C" not null,
    project text collate "C" not null,
    callsign text collate "C" not null,
    is_own boolean not null,
    host text collate "C",
    cwd text,
    worktree text,
    source text,
    started_at timestamptz(3) not null,
    opened_at timestamptz(3) not null,
    ended_at timestamptz(3),
    end_reason text,
    mail_at timestamptz(3),
    reminded text,
    refused text,
    refused_at timestamptz(3),
    edits int not null,
    refusals int not null,
    injections int not null,
    injected_bytes bigint not null,
    primary key (client, session_id)
) with (fillfactor = 50);
create index agent_sessions_pilot on fleet_live.agent_sessions (project, callsign);
create index agent_sessions_last on fleet_live.agent_sessions ((coalesce(ended_at, opened_at)));
comment on table fleet_live.agent_sessions is 'Sessions of agent programs, each with the pilot that it is.';
comment on column fleet_live.agent_sessions.client is 'The program: claude-code, codex, gemini, copilot, opencode, cursor, mcp, …';
comment on column fleet_live.agent_sessions.session_id is 'The session, by the program''s own id.';
comment on column fleet_live.agent_sessions.project is 'Key of the project.';
comment on column fleet_live.agent_sessions.callsign is 'The pilot that works in it.';
comment on column fleet_live.agent_sessions.is_own is 'True if the pilot was registered by this session and leaves with it.';
comment on column fleet_live.agent_sessions.host is 'Host whose daemon opened it last.';
comment on column fleet_live.agent_sessions.cwd is 'Directory that it works in, on that host.';
comment on column fleet_live.agent_sessions.worktree is 'Directory that project-relative paths start from, on that host.';
comment on column fleet_live.agent_sessions.source is 'How the program says that it began: startup, resume, clear, compact, …';
comment on column fleet_live.agent_sessions.started_at is 'When it was opened for the first time.';
comment on column fleet_live.agent_sessions.opened_at is 'When it was opened last.';
comment on column fleet_live.agent_sessions.ended_at is 'When it was closed, if it was.';
comment on column fleet_live.agent_sessions.end_reason is 'Why it was closed, in the program''s word.';
comment on column fleet_live.agent_sessions.mail_at is 'When mail was put into its context last.';
comment on column fleet_live.agent_sessions.reminded is 'Digest of the promises that it was reminded of last.';
comment on column fleet_live.agent_sessions.refused is 'Digest of the edit that was refused last: repeats are not told to the log again and again.';
comment on column fleet_live.agent_sessions.refused_at is 'When that was told to the log.';
comment on column fleet_live.agent_sessions.edits is 'Edits that were asked about.';
comment on column fleet_live.agent_sessions.refusals is 'Edits of them that were refused.';
comment on column fleet_live.agent_sessions.injections is 'How often something was put into its context.';
comment on column fleet_live.agent_sessions.injected_bytes is 'How much that was.';

create table fleet_live.touched_files (
    project text collate "C" not null,
    callsign text collate "C" not null,
    path text collate "C" not null,
    times int not null,
    first_at timestamptz(3) not null,
    last_at timestamptz(3) not null,
    told boolean not null,
    primary key (project, callsign, path)
) with (fillfactor = 50);
create index touched_files_untold on fleet_live.touched_files (project, callsign) where not told;
comment on table fleet_live.touched_files is 'Files that sessions of a pilot changed, by their hooks.';
comment on column fleet_live.touched_files.project is 'Key of the project.';
comment on column fleet_live.touched_files.callsign is 'The pilot.';
comment on column fleet_live.touched_files.path is 'The file, project-relative.';
comment on column fleet_live.touched_files.times is 'How many edits there were.';
comment on column fleet_live.touched_files.first_at is 'The first edit.';
comment on column fleet_live.touched_files.last_at is 'The last edit.';
comment on column fleet_live.touched_files.told is 'True once the log knows it as progress of a sortie.';

create table fleet_live.told_mail (
    client text collate "C" not null,
    session_id text collate "C" not null,
    message_id text collate "C" not null,
    told_at timestamptz(3) not null,
    primary key (client, session_id, message_id)
);
comment on table fleet_live.told_mail is 'Mail that was put into the context of a session: once each.';
comment on column fleet_live.told_mail.client is 'The program.';
comment on column fleet_live.told_mail.session_id is 'The session.';
comment on column fleet_live.told_mail.message_id is 'The message.';
comment on column fleet_live.told_mail.told_at is 'When.';
