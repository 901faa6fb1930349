-- Everything in a PostgreSQL database that a program can tell, a line each, but for opah's indexes.
SELECT line FROM (
  SELECT 'column ' || table_name || '.' || column_name || ' ' || udt_name
    || coalesce('(' || character_maximum_length || ')', '') || ' '
    || CASE is_nullable WHEN 'YES' THEN 'null' ELSE 'not null' END
    || coalesce(' default ' || column_default, '') AS line
  FROM information_schema.columns WHERE table_schema = 'public'
  UNION ALL
  SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL
  SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE 'opah%'
  UNION ALL
  SELECT 'type ' || t.typname || ' ' || string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder)
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
  UNION ALL
  SELECT 'sequence ' || sequencename || ' ' || data_type || ' from ' || start_value || ' by ' || increment_by
  FROM pg_sequences WHERE schemaname = 'public'
  UNION ALL
  SELECT 'version_info ' || version_info_id || ' ' || schema_version || ' ' || library_version FROM version_info
  UNION ALL
  SELECT 'alembic_version ' || version_num FROM alembic_version
) AS lines ORDER BY line COLLATE "C"
