-- Optuna's schema 12 (alembic v3.2.0.a), as Optuna 5.0 creates it, but for the collation.
CREATE TABLE IF NOT EXISTS studies (
  study_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  study_name VARCHAR(512) NOT NULL,
  UNIQUE INDEX ix_studies_study_name (study_name)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS version_info (
  version_info_id INTEGER NOT NULL PRIMARY KEY,
  schema_version INTEGER,
  library_version VARCHAR(256),
  CHECK (version_info_id = 1)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS study_directions (
  study_direction_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  direction ENUM('NOT_SET', 'MINIMIZE', 'MAXIMIZE') NOT NULL,
  study_id INTEGER NOT NULL,
  objective INTEGER NOT NULL,
  UNIQUE (study_id, objective),
  FOREIGN KEY (study_id) REFERENCES studies (study_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS study_user_attributes (
  study_user_attribute_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  study_id INTEGER,
  `key` VARCHAR(512),
  value_json TEXT,
  UNIQUE (study_id, `key`),
  FOREIGN KEY (study_id) REFERENCES studies (study_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS study_system_attributes (
  study_system_attribute_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  study_id INTEGER,
  `key` VARCHAR(512),
  value_json TEXT,
  UNIQUE (study_id, `key`),
  FOREIGN KEY (study_id) REFERENCES studies (study_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS trials (
  trial_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number INTEGER,
  study_id INTEGER,
  state ENUM('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING') NOT NULL,
  datetime_start DATETIME,
  datetime_complete DATETIME,
  INDEX ix_trials_study_id (study_id),
  FOREIGN KEY (study_id) REFERENCES studies (study_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS trial_user_attributes (
  trial_user_attribute_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  trial_id INTEGER,
  `key` VARCHAR(512),
  value_json TEXT,
  UNIQUE (trial_id, `key`),
  FOREIGN KEY (trial_id) REFERENCES trials (trial_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS trial_system_attributes (
  trial_system_attribute_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  trial_id INTEGER,
  `key` VARCHAR(512),
  value_json TEXT,
  UNIQUE (trial_id, `key`),
  FOREIGN KEY (trial_id) REFERENCES trials (trial_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS trial_params (
  param_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  trial_id INTEGER,
  param_name VARCHAR(512),
  param_value DOUBLE,
  distribution_json TEXT,
  UNIQUE (trial_id, param_name),
  FOREIGN KEY (trial_id) REFERENCES trials (trial_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS trial_values (
  trial_value_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  trial_id INTEGER NOT NULL,
  objective INTEGER NOT NULL,
  value DOUBLE,
  value_type ENUM('FINITE', 'INF_POS', 'INF_NEG') NOT NULL,
  UNIQUE (trial_id, objective),
  FOREIGN KEY (trial_id) REFERENCES trials (trial_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS trial_intermediate_values (
  trial_intermediate_value_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  trial_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  intermediate_value DOUBLE,
  intermediate_value_type ENUM('FINITE', 'INF_POS', 'INF_NEG', 'NAN') NOT NULL,
  UNIQUE (trial_id, step),
  FOREIGN KEY (trial_id) REFERENCES trials (trial_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS trial_heartbeats (
  trial_heartbeat_id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY,
  trial_id INTEGER NOT NULL,
  heartbeat DATETIME NOT NULL,
  UNIQUE (trial_id),
  FOREIGN KEY (trial_id) REFERENCES trials (trial_id)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
CREATE TABLE IF NOT EXISTS alembic_version (
  version_num VARCHAR(32) NOT NULL,
  PRIMARY KEY (version_num)
) CHARACTER SET utf8mb4 COLLATE $COLLATION;
INSERT IGNORE INTO version_info (version_info_id, schema_version, library_version) VALUES (1, 12, '5.0.0');
INSERT IGNORE INTO alembic_version (version_num) VALUES ('v3.2.0.a');
