//! Values on the way to PostgreSQL and from it.

use std::error::Error;

use jiff::Timestamp;
use postgres::Row;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::storage::server::connection::Value;

/// 2000-01-01, from which PostgreSQL counts microseconds.
const EPOCH: i64 = 946_684_800_000_000;

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT8 => value.to_sql(ty, out),
            Self::Int(value) => i32::try_from(value)?.to_sql(ty, out),
            Self::Float(value) => value.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Time(time) => (time.as_microsecond() - EPOCH).to_sql(&Type::INT8, out),
            Self::Ids(ids) => {
                let ids: Result<Vec<i32>, _> = ids.iter().map(|id| i32::try_from(*id)).collect();
                ids?.to_sql(ty, out)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        // The texts of statements and their values are written together.
        true
    }

    to_sql_checked!();
}

/// A column as it comes.
struct Column<'a>(Value<'a>);

impl<'a> FromSql<'a> for Column<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *ty {
            Type::INT4 => Value::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT8 => Value::Float(f64::from_sql(ty, raw)?),
            Type::TIMESTAMP => {
                let micros = i64::from_sql(&Type::INT8, raw)?.checked_add(EPOCH);
                let time = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
                time.map_or(Value::Text("infinity"), Value::Time)
            }
            // Texts, and values of enumerated types.
            _ => Value::Text(std::str::from_utf8(raw)?),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A value of a row.
pub(super) fn value(row: &Row, at: usize) -> Result<Value<'_>, postgres::Error> {
    row.try_get(at).map(|Column(value)| value)
}
