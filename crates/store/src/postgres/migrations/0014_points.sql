-- A new database learns millions of points: foreign keys cost it more than half of that time. Whoever writes
-- a point or the place of one has written its device and its layout in the same transaction; nobody but
-- the owner can delete any of them.
alter table point drop constraint if exists point_device_fkey;
alter table layout_point
    drop constraint if exists layout_point_layout_fkey,
    drop constraint if exists layout_point_point_fkey;
