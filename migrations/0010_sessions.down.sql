drop table fleet_live.told_mail cascade;
drop table fleet_live.touched_files cascade;
drop table fleet_live.agent_sessions cascade;
