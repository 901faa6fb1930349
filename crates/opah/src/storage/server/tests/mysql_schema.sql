-- Everything in a MariaDB database that a program can tell, a line each, but for opah's indexes,
-- character sets and collations.
SELECT CONCAT('column ', table_name, '.', column_name, ' ', column_type, ' ', is_nullable, ' ', COALESCE(column_default, ''), ' ', extra) AS line
FROM information_schema.columns WHERE table_schema = database()
UNION ALL
SELECT CONCAT('index ', table_name, ' ', index_name, ' ', non_unique, ' ', GROUP_CONCAT(column_name ORDER BY seq_in_index))
FROM information_schema.statistics WHERE table_schema = database() AND index_name NOT LIKE 'opah%'
GROUP BY table_name, index_name, non_unique
UNION ALL
SELECT CONCAT('key ', table_name, ' ', constraint_name, ' ', column_name, ' ', referenced_table_name, ' ', referenced_column_name)
FROM information_schema.key_column_usage WHERE table_schema = database() AND referenced_table_name IS NOT NULL
UNION ALL
SELECT CONCAT('check ', table_name, ' ', check_clause)
FROM information_schema.check_constraints WHERE constraint_schema = database()
UNION ALL
SELECT CONCAT('engine ', table_name, ' ', engine) FROM information_schema.tables WHERE table_schema = database()
UNION ALL
SELECT CONCAT('version_info ', version_info_id, ' ', schema_version, ' ', library_version) FROM version_info
UNION ALL
SELECT CONCAT('alembic_version ', version_num) FROM alembic_version
