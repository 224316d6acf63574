//! The properties that decoders share.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Bytes that a decoder may have allocated at once for each byte that it was given. The
/// worst is JSON whose tag comes last: each `0,` is kept as a value of 32 bytes until then,
/// in a vector that has just doubled.
const ALLOCATED_PER_BYTE_MAX: u64 = 128;

/// What it may allocate whatever it was given: the sentence of an error, a first buffer.
const ALLOCATED_BASE: u64 = 4 * 1024;

/// Decodes `bytes`, and checks that this took no more memory than they are worth.
pub fn bounded<T>(bytes: &[u8], decode: impl FnOnce() -> T) -> T {
    let allowed = ALLOCATED_BASE + ALLOCATED_PER_BYTE_MAX * bytes.len() as u64;
    bounded_by(allowed, decode)
}

/// Decodes, and checks that this took no more than `allowed` bytes of memory at once.
pub fn bounded_by<T>(allowed: u64, decode: impl FnOnce() -> T) -> T {
    let mut decoded = None;
    let counted = allocation_counter::measure(|| decoded = Some(decode()));
    let taken = counted.bytes_max;
    assert!(
        taken <= allowed,
        "{taken} bytes were allocated, of {allowed}"
    );
    decoded.expect("what is measured has run")
}

/// Checks that a binary value, if it can be read, is written so that the same is read
/// again. Returns the value.
pub fn round_trip<'a, T, E>(
    bytes: &'a [u8],
    decode: impl Fn(&'a [u8]) -> Result<T, E>,
    encode: impl Fn(&T) -> Vec<u8>,
    is_read_again: impl Fn(&[u8], &T) -> bool,
) -> Option<T> {
    let value = bounded(bytes, || decode(bytes)).ok()?;
    let written = encode(&value);
    assert!(is_read_again(&written, &value), "it is read otherwise");
    Some(value)
}

/// The same for JSON.
pub fn json_round_trip<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    json_round_trip_with(
        bytes,
        |bytes| serde_json::from_slice(bytes),
        |value| serde_json::to_vec(value).expect("it was read from JSON"),
    )
}

/// The same for JSON with a reader and a writer of its own, as for what states its version.
pub fn json_round_trip_with<T: Serialize, E: Debug>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Vec<u8>,
) -> Option<T> {
    let value = bounded(bytes, || read(bytes)).ok()?;
    let again = read(&write(&value)).expect("what was written is read");
    let [before, after] = [&value, &again].map(|it| serde_json::to_value(it).expect("as above"));
    assert!(alike(&before, &after), "{before} is read as {after}");
    Some(value)
}

/// Whether two values are the same but for the last digit of a fraction, which serde_json
/// reads one too high or too low at times.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_in_other =
                |(key, value): (&String, &Value)| other.get(key).is_some_and(|it| alike(value, it));
            one.len() == other.len() && one.iter().all(is_in_other)
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() && other.is_f64() => {
            let [one, other] = [one, other].map(|number| number.as_f64().unwrap_or_default());
            (one - other).abs() <= one.abs() * (2.0 * f64::EPSILON)
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    #[should_panic(expected = "bytes were allocated")]
    fn a_decoder_that_trusts_a_length_is_found() {
        bounded(&[0xff; 3], || Vec::<u8>::with_capacity(0xff_ff_ff));
    }

    #[test]
    fn only_the_last_digit_of_a_fraction_may_differ() {
        let value = json!({ "x": [0.1, 7], "name": "a" });
        assert!(alike(
            &value,
            &json!({ "x": [0.100_000_000_000_000_02, 7], "name": "a" })
        ));
        for other in [
            json!({ "x": [0.100_1, 7], "name": "a" }),
            json!({ "x": [0.1, 8], "name": "a" }),
            json!({ "x": [0.1], "name": "a" }),
            json!({ "x": [0.1, 7] }),
        ] {
            assert!(!alike(&value, &other), "{other}");
        }
    }
}
