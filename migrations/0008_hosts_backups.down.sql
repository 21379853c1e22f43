-- The view of sql/ that reads it goes with it; the backups themselves stay where they are.
drop table fleet_live.backups cascade;
