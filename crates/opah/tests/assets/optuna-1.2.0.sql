BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v1.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	PRIMARY KEY (study_id), 
	CONSTRAINT studydirection CHECK (direction IN ('NOT_SET', 'MINIMIZE', 'MAXIMIZE'))
);
INSERT INTO "studies" VALUES(1,'first','MAXIMIZE');
INSERT INTO "studies" VALUES(2,'second','MINIMIZE');
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json VARCHAR(2048), 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json VARCHAR(2048), 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'note','"h\u00e9llo"');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json VARCHAR(2048), 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'u',-0.165955990594852,'{"name": "UniformDistribution", "attributes": {"low": -1, "high": 1}}');
INSERT INTO "trial_params" VALUES(2,1,'l',3.99597228313505956065e-02,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 1}}');
INSERT INTO "trial_params" VALUES(3,1,'d',0.0,'{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.25}}');
INSERT INTO "trial_params" VALUES(4,1,'i',5.0,'{"name": "IntUniformDistribution", "attributes": {"low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(5,1,'c',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(6,2,'u',-8.15322810462404401476e-01,'{"name": "UniformDistribution", "attributes": {"low": -1, "high": 1}}');
INSERT INTO "trial_params" VALUES(7,2,'l',8.53691695803875761662e-05,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 1}}');
INSERT INTO "trial_params" VALUES(8,2,'d',0.25,'{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.25}}');
INSERT INTO "trial_params" VALUES(9,2,'i',6.0,'{"name": "IntUniformDistribution", "attributes": {"low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(10,2,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(11,3,'u',7.76334680067138904746e-02,'{"name": "UniformDistribution", "attributes": {"low": -1, "high": 1}}');
INSERT INTO "trial_params" VALUES(12,3,'l',1.24730473789289616863e-03,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 1}}');
INSERT INTO "trial_params" VALUES(13,3,'d',0.75,'{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.25}}');
INSERT INTO "trial_params" VALUES(14,3,'i',10.0,'{"name": "IntUniformDistribution", "attributes": {"low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(15,3,'c',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(16,4,'u',-9.45224813604147673373e-01,'{"name": "UniformDistribution", "attributes": {"low": -1, "high": 1}}');
INSERT INTO "trial_params" VALUES(17,4,'l',2.25080333975974898608e-02,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 1}}');
INSERT INTO "trial_params" VALUES(18,4,'d',0.5,'{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.25}}');
INSERT INTO "trial_params" VALUES(19,4,'i',9.0,'{"name": "IntUniformDistribution", "attributes": {"low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(20,4,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
INSERT INTO "trial_params" VALUES(21,5,'u',-7.1922612280953246433e-01,'{"name": "UniformDistribution", "attributes": {"low": -1, "high": 1}}');
INSERT INTO "trial_params" VALUES(22,5,'l',9.78379727712076801247e-05,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 1}}');
INSERT INTO "trial_params" VALUES(23,5,'d',1.0,'{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.25}}');
INSERT INTO "trial_params" VALUES(24,5,'i',9.0,'{"name": "IntUniformDistribution", "attributes": {"low": 0, "high": 10}}');
INSERT INTO "trial_params" VALUES(25,5,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 2, 2.5, "\u00e9"]}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json VARCHAR(2048), 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,1,'_number','0');
INSERT INTO "trial_system_attributes" VALUES(2,2,'_number','1');
INSERT INTO "trial_system_attributes" VALUES(3,3,'_number','2');
INSERT INTO "trial_system_attributes" VALUES(4,3,'fail_reason','"Setting status of trial#2 as TrialState.FAIL because of the following error: ValueError(''planned'')"');
INSERT INTO "trial_system_attributes" VALUES(5,4,'_number','3');
INSERT INTO "trial_system_attributes" VALUES(6,5,'_number','4');
INSERT INTO "trial_system_attributes" VALUES(7,6,'fixed_params','{"u": 0.5}');
INSERT INTO "trial_system_attributes" VALUES(8,6,'_number','5');
INSERT INTO "trial_system_attributes" VALUES(9,7,'_number','0');
INSERT INTO "trial_system_attributes" VALUES(10,8,'_number','1');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json VARCHAR(2048), 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(2,2,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(3,3,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(4,4,'k','{"a": [1, null, "\u00e9"]}');
INSERT INTO "trial_user_attributes" VALUES(5,5,'k','{"a": [1, null, "\u00e9"]}');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	step INTEGER, 
	value FLOAT, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,0.5);
INSERT INTO "trial_values" VALUES(2,1,2,9e999);
INSERT INTO "trial_values" VALUES(3,2,0,0.5);
INSERT INTO "trial_values" VALUES(4,2,2,9e999);
INSERT INTO "trial_values" VALUES(5,3,0,0.5);
INSERT INTO "trial_values" VALUES(6,3,2,9e999);
INSERT INTO "trial_values" VALUES(7,4,0,0.5);
INSERT INTO "trial_values" VALUES(8,4,2,9e999);
INSERT INTO "trial_values" VALUES(9,5,0,0.5);
INSERT INTO "trial_values" VALUES(10,5,2,9e999);
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	value FLOAT, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id), 
	CONSTRAINT trialstate CHECK (state IN ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING'))
);
INSERT INTO "trials" VALUES(1,1,'COMPLETE',0.0,'2026-11-25 20:55:32.819748','2026-11-25 20:55:33.112238');
INSERT INTO "trials" VALUES(2,1,'PRUNED',9e999,'2026-11-25 20:55:33.137252','2026-11-25 20:55:33.414116');
INSERT INTO "trials" VALUES(3,1,'FAIL',NULL,'2026-11-25 20:55:33.479450','2026-11-25 20:55:33.761915');
INSERT INTO "trials" VALUES(4,1,'COMPLETE',1.0e+30,'2026-11-25 20:55:33.826871','2026-11-25 20:55:34.145974');
INSERT INTO "trials" VALUES(5,1,'COMPLETE',1.0,'2026-11-25 20:55:34.173293','2026-11-25 20:55:34.465974');
INSERT INTO "trials" VALUES(6,1,'WAITING',NULL,'2026-11-25 20:55:34.490913',NULL);
INSERT INTO "trials" VALUES(7,2,'COMPLETE',-0.5,'2026-11-25 20:55:34.591108','2026-11-25 20:55:34.706053');
INSERT INTO "trials" VALUES(8,2,'COMPLETE',0.5,'2026-11-25 20:55:34.732975','2026-11-25 20:55:34.857898');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'1.2.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
COMMIT;
