BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'first');
INSERT INTO "studies" VALUES(2,'second');
INSERT INTO "studies" VALUES(3,'both');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	CONSTRAINT studydirection CHECK (direction IN ('NOT_SET', 'MINIMIZE', 'MAXIMIZE')), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MINIMIZE',2,0);
INSERT INTO "study_directions" VALUES(3,'MINIMIZE',3,0);
INSERT INTO "study_directions" VALUES(4,'MAXIMIZE',3,1);
CREATE TABLE "study_system_attributes" (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id), 
	UNIQUE (study_id, "key")
);
CREATE TABLE "study_user_attributes" (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'note','"h\u00e9llo"');
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE "trial_intermediate_values" (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id), 
	UNIQUE (trial_id, step)
);
INSERT INTO "trial_intermediate_values" VALUES(1,1,0,0.5,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,1,2,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(3,2,0,0.5,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,2,2,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(5,3,0,0.5,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(6,3,2,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(7,4,0,0.5,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(8,4,2,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(9,5,0,0.5,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(10,5,2,NULL,'INF_POS');
CREATE TABLE "trial_params" (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id), 
	UNIQUE (trial_id, param_name)
);
INSERT INTO "trial_params" VALUES(1,1,'u',-0.165955990594852,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(2,1,'l',3.99597228313505956065e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(3,1,'d',0.0,'{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(4,1,'i',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(5,1,'s',0.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 5, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(6,1,'g',1.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(7,1,'c',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(8,2,'u',-2.24178517675985178314e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(9,2,'l',2.23218499287175936585e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(10,2,'d',1.0,'{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(11,2,'i',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(12,2,'s',10.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 5, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(13,2,'g',3.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(14,2,'c',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(15,3,'u',-5.91095500536965134941e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(16,3,'l',2.4580300161477669496e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(17,3,'d',0.0,'{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(18,3,'i',2.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(19,3,'s',0.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 5, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(20,3,'g',5.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(21,3,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(22,4,'u',-1.38602865630583105271e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(23,4,'l',4.96179648511711146596e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(24,4,'d',0.75,'{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(25,4,'i',9.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(26,4,'s',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 5, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(27,4,'g',35.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(28,4,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(29,5,'u',7.52778304592076619172e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(30,5,'l',2.97189401607167391627e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(31,5,'d',0.0,'{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(32,5,'i',3.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(33,5,'s',10.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 5, "low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(34,5,'g',53.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(35,5,'c',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
CREATE TABLE "trial_system_attributes" (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id), 
	UNIQUE (trial_id, "key")
);
INSERT INTO "trial_system_attributes" VALUES(1,6,'fixed_params','{"u": 0.5}');
CREATE TABLE "trial_user_attributes" (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id), 
	UNIQUE (trial_id, "key")
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(2,2,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(3,3,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(4,4,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(5,5,'k','{"a": [1, null, "\u00e9"]}');
CREATE TABLE "trial_values" (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,0.0,'FINITE');
INSERT INTO "trial_values" VALUES(2,2,0,NULL,'INF_POS');
INSERT INTO "trial_values" VALUES(3,4,0,NULL,'INF_POS');
INSERT INTO "trial_values" VALUES(4,5,0,1.0,'FINITE');
INSERT INTO "trial_values" VALUES(5,7,0,-0.5,'FINITE');
INSERT INTO "trial_values" VALUES(6,8,0,0.5,'FINITE');
INSERT INTO "trial_values" VALUES(7,9,0,0.5,'FINITE');
INSERT INTO "trial_values" VALUES(8,9,1,0.0,'FINITE');
INSERT INTO "trial_values" VALUES(9,10,0,0.5,'FINITE');
INSERT INTO "trial_values" VALUES(10,10,1,1.0,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id), 
	CONSTRAINT trialstate CHECK (state IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING'))
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-25 20:55:40.816851','2026-11-25 20:55:41.057039');
INSERT INTO "trials" VALUES(2,1,1,'PRUNED','2026-11-25 20:55:41.083910','2026-11-25 20:55:41.169183');
INSERT INTO "trials" VALUES(3,2,1,'FAIL','2026-11-25 20:55:41.192946','2026-11-25 20:55:41.280995');
INSERT INTO "trials" VALUES(4,3,1,'COMPLETE','2026-11-25 20:55:41.304602','2026-11-25 20:55:41.389902');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-25 20:55:41.420359','2026-11-25 20:55:41.500961');
INSERT INTO "trials" VALUES(6,5,1,'WAITING','2026-11-25 20:55:41.520965',NULL);
INSERT INTO "trials" VALUES(7,0,2,'COMPLETE','2026-11-25 20:55:41.607916','2026-11-25 20:55:41.629894');
INSERT INTO "trials" VALUES(8,1,2,'COMPLETE','2026-11-25 20:55:41.655813','2026-11-25 20:55:41.677898');
INSERT INTO "trials" VALUES(9,0,3,'COMPLETE','2026-11-25 20:55:41.763865','2026-11-25 20:55:41.785915');
INSERT INTO "trials" VALUES(10,1,3,'COMPLETE','2026-11-25 20:55:41.811587','2026-11-25 20:55:41.833907');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX trials_study_id_key ON trials (study_id);
COMMIT;
