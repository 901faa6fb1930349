//! Values on the way to MySQL and from it, and the two parts of a statement that it writes
//! in its own way.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use mysql::Value as Raw;

use crate::storage::server::connection::Value;

/// A statement with `?` for `$1`, and a list for `= ANY($1)`; and its values in the order in
/// which it has them.
pub(super) fn translate(sql: &str, values: &[Value]) -> (String, Vec<Raw>) {
    let mut out = String::with_capacity(sql.len());
    let mut raw = Vec::new();
    let mut parts = sql.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let at = number.parse::<usize>().unwrap_or(1);
        match values.get(at.wrapping_sub(1)).copied() {
            Some(Value::Ids(ids)) => {
                let start = out.trim_end_matches("= ANY(").len();
                out.truncate(start);
                out.push_str("IN (NULL");
                for id in ids {
                    // Writing to a text can't fail.
                    let _ = write!(out, ", {id}");
                }
            }
            value => {
                out.push('?');
                raw.push(to_raw(value.unwrap_or(Value::Null)));
            }
        }
        out.push_str(rest);
    }
    (out, raw)
}

pub(super) fn to_raw(value: Value) -> Raw {
    match value {
        Value::Null | Value::Ids(_) => Raw::NULL,
        Value::Int(value) => Raw::Int(value),
        Value::Float(value) => Raw::Double(value),
        Value::Text(text) => Raw::Bytes(text.as_bytes().to_vec()),
        Value::Time(time) => {
            let time = TimeZone::UTC.to_datetime(time);
            Raw::Date(
                time.year().unsigned_abs(),
                time.month().unsigned_abs(),
                time.day().unsigned_abs(),
                time.hour().unsigned_abs(),
                time.minute().unsigned_abs(),
                time.second().unsigned_abs(),
                time.subsec_nanosecond().unsigned_abs() / 1000,
            )
        }
    }
}

pub(super) fn from_raw(raw: &Raw) -> Value<'_> {
    match raw {
        Raw::NULL => Value::Null,
        Raw::Int(value) => Value::Int(*value),
        Raw::UInt(value) => Value::Int(i64::try_from(*value).unwrap_or(i64::MAX)),
        Raw::Float(value) => Value::Float(f64::from(*value)),
        Raw::Double(value) => Value::Float(*value),
        Raw::Bytes(bytes) => Value::Text(std::str::from_utf8(bytes).unwrap_or("\u{fffd}")),
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            let time = DateTime::new(
                year.cast_signed(),
                month.cast_signed(),
                day.cast_signed(),
                hour.cast_signed(),
                minute.cast_signed(),
                second.cast_signed(),
                micros.cast_signed().saturating_mul(1000),
            );
            let time = time.and_then(|time| TimeZone::UTC.to_timestamp(time));
            time.map_or(Value::Text("0000-00-00"), Value::Time)
        }
        Raw::Time(..) => Value::Text("a time of day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_lists() {
        let values = [Value::Int(7), Value::Text("t"), Value::Ids(&[3, 4])];
        let (sql, raw) = translate("a = $2 AND (b > $1 OR c = ANY($3)) AND d = $1", &values);
        assert_eq!(sql, "a = ? AND (b > ? OR c IN (NULL, 3, 4)) AND d = ?");
        assert_eq!(raw, [Raw::Bytes(b"t".to_vec()), Raw::Int(7), Raw::Int(7)]);
    }

    #[test]
    fn times_go_there_and_back() {
        let time = jiff::Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
        assert_eq!(from_raw(&to_raw(Value::Time(time))), Value::Time(time));
        let never = Raw::Date(0, 0, 0, 0, 0, 0, 0);
        assert_eq!(from_raw(&never), Value::Text("0000-00-00"));
    }
}
