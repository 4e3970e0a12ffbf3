//! [`Arbitrary`] of quickcheck for the public types, behind the feature `quickcheck`: for laws of code that holds sessions. It is a
//! second generator, independent of the suite's own.
//!
//! Values are of every kind that a session can hold, those included that no cookie carries: a map may have a tuple as a key.

use crate::{
    clock::UnixTime,
    config::{Config, Digest, FallbackTextChoice, Fallbacks, Key, KeyDerivation, Lifetime},
    value::{BigInt, Datetime, Map, Text, Value},
};
use quickcheck::{Arbitrary, Gen};
use time::{PrimitiveDateTime, UtcOffset};

/// Smaller values, to try where a law fails.
type Smaller<T> = Box<dyn Iterator<Item = T>>;

/// One of some things.
fn one_of<T: Clone>(g: &mut Gen, first: T, others: &[T]) -> T {
    let many = others.len() + 1;
    let at = usize::arbitrary(g) % many;
    at.checked_sub(1).and_then(|at| others.get(at).cloned()).unwrap_or(first)
}

/// True in one of so many cases.
fn rarely(g: &mut Gen, times: u8) -> bool {
    u8::arbitrary(g).is_multiple_of(times)
}

/// What is smaller than one of several parts, with the others as they are.
fn smaller<T: Arbitrary, R: 'static>(part: &T, whole: impl Fn(T) -> R + 'static) -> Smaller<R> {
    Box::new(part.shrink().map(whole))
}

impl Arbitrary for Text {
    /// Any code points: letters, what must be escaped, and halves of surrogate pairs.
    fn arbitrary(g: &mut Gen) -> Self {
        let length = if rarely(g, 4) { usize::arbitrary(g) % 3 } else { usize::arbitrary(g) % g.size().max(1) };
        let point = |g: &mut Gen| match u8::arbitrary(g) % 8 {
            0..=3 => u32::from(b' ') + u32::arbitrary(g) % 95,
            4 => u32::arbitrary(g) % 0x20,
            5 => one_of(g, 0x7f, &[u32::from('"'), u32::from('\\'), 0xe9, 0x2028, 0xfeff, 0x1f600, 0x10ffff]),
            6 => 0xd800 + u32::arbitrary(g) % 0x800,
            _ => u32::from(char::arbitrary(g)),
        };
        Self::from_code_points((0..length).map(|_| point(g)).collect::<Vec<_>>())
    }

    fn shrink(&self) -> Smaller<Self> {
        smaller(&self.code_points().to_vec(), Self::from_code_points)
    }
}

impl Arbitrary for Datetime {
    /// A datetime of the years 1 to 9999, naive or with an offset.
    fn arbitrary(g: &mut Gen) -> Self {
        let day = time::Date::from_julian_day(1_721_426 + i32::arbitrary(g).rem_euclid(3_652_059));
        let (second, micros) =
            (u32::arbitrary(g) % 86_400, if rarely(g, 2) { u32::arbitrary(g) % 1_000_000 } else { 0 });
        let midnight = PrimitiveDateTime::new(day.unwrap_or(time::Date::MIN), time::Time::MIDNIGHT);
        let within = time::Duration::seconds(second.into()) + time::Duration::microseconds(micros.into());
        let offset = i32::arbitrary(g) % 86_400;
        Self {
            local: midnight.checked_add(within).unwrap_or(midnight),
            offset: if rarely(g, 2) { UtcOffset::from_whole_seconds(offset).ok() } else { None },
        }
    }

    fn shrink(&self) -> Smaller<Self> {
        let plain = Self { local: PrimitiveDateTime::new(self.local.date(), time::Time::MIDNIGHT), offset: None };
        Box::new((plain != *self).then_some(plain).into_iter())
    }
}

impl Arbitrary for Value {
    fn arbitrary(g: &mut Gen) -> Self {
        let kinds = if g.size() > 2 { 12 } else { 8 };
        match u8::arbitrary(g) % kinds {
            0 => Self::Null,
            1 => Self::Bool(bool::arbitrary(g)),
            2 => Self::Bytes(Arbitrary::arbitrary(g)),
            3 => Self::Datetime(Datetime::arbitrary(g)),
            4 => Self::Float(f64::arbitrary(g)),
            5 => Self::Int(integer(g)),
            6 => Self::Text(Text::arbitrary(g)),
            7 if rarely(g, 2) => Self::Uuid(u128::arbitrary(g)),
            7 => Self::Markup(Text::arbitrary(g)),
            8 => Self::List(items(g)),
            9 => Self::Tuple(items(g)),
            _ => Self::Map(Map::arbitrary(&mut within(g))),
        }
    }

    fn shrink(&self) -> Smaller<Self> {
        match self {
            Self::Null => quickcheck::empty_shrinker(),
            Self::Bool(value) => smaller(value, Self::Bool),
            Self::Bytes(bytes) => smaller(bytes, Self::Bytes),
            Self::Datetime(datetime) => smaller(datetime, Self::Datetime),
            Self::Float(float) => smaller(float, Self::Float),
            Self::Int(number) => match i64::try_from(number) {
                Ok(number) => smaller(&number, |number: i64| Self::int(number)),
                Err(_) => Box::new([Self::int(0), Self::Int(number / BigInt::from(1 << 16))].into_iter()),
            },
            Self::List(items) => Box::new(items.clone().into_iter().chain(items.shrink().map(Self::List))),
            Self::Map(map) => smaller(map, Self::Map),
            Self::Markup(text) => Box::new([Self::Text(text.clone())].into_iter().chain(smaller(text, Self::Markup))),
            Self::Text(text) => smaller(text, Self::Text),
            Self::Tuple(items) => Box::new(items.clone().into_iter().chain(items.shrink().map(Self::Tuple))),
            Self::Uuid(uuid) => smaller(uuid, Self::Uuid),
        }
    }
}

/// A generator of what stands within something else: smaller, so that there is an end to it.
fn within(g: &mut Gen) -> Gen {
    Gen::from_size_and_seed((g.size() / 3).max(1), u64::arbitrary(g))
}

fn items(g: &mut Gen) -> Vec<Value> {
    let many = usize::arbitrary(g) % (g.size().min(8) + 1);
    let mut inner = within(g);
    (0..many).map(|_| Value::arbitrary(&mut inner)).collect()
}

/// An integer of a few digits, near the edges of the machine's integers and floats, or of hundreds of digits.
fn integer(g: &mut Gen) -> BigInt {
    let edge = |g: &mut Gen| BigInt::from(1) << one_of(g, 53_u32, &[31, 32, 63, 64, 200]);
    match u8::arbitrary(g) % 4 {
        0 => i8::arbitrary(g).into(),
        1 => i64::arbitrary(g).into(),
        2 => edge(g) + i8::arbitrary(g),
        _ => -edge(g) + i8::arbitrary(g),
    }
}

impl Arbitrary for Map {
    /// A few entries. Most keys are text; some of them are the tags of Flask.
    fn arbitrary(g: &mut Gen) -> Self {
        let many = usize::arbitrary(g) % (g.size().min(6) + 1);
        let mut inner = within(g);
        let key = |g: &mut Gen| match u8::arbitrary(g) % 8 {
            0 => Value::arbitrary(g),
            1 => Value::from(one_of(g, " t", &[" b", " d", " di", " m", " u", " t__", "_permanent", ""])),
            _ => Value::Text(Text::arbitrary(g)),
        };
        let mut map = Self::new();
        for _ in 0..many {
            map.insert(key(&mut inner), Value::arbitrary(&mut inner));
        }
        map
    }

    fn shrink(&self) -> Smaller<Self> {
        let entries: Vec<_> = self.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let whole = |entries: Vec<(Value, Value)>| {
            let mut map = Self::new();
            entries.into_iter().for_each(|(key, value)| map.insert(key, value));
            map
        };
        let before = self.clone();
        // Keys that become the same are one: that is smaller, too.
        Box::new(entries.shrink().map(whole).filter(move |map| *map != before))
    }
}

impl Arbitrary for UnixTime {
    /// Mostly of our days; sometimes before 1970, beyond the year 9999, or anywhere.
    fn arbitrary(g: &mut Gen) -> Self {
        let near = Self::from_seconds(1_700_000_000).plus_micros(i64::from(i32::arbitrary(g)).saturating_mul(1_000));
        match u8::arbitrary(g) % 8 {
            0 => Self::from_micros(i64::arbitrary(g)),
            1 => Self::from_seconds(253_402_300_800).plus_micros(i8::arbitrary(g).into()),
            2 => Self::from_micros(i16::arbitrary(g).into()),
            _ => near,
        }
    }

    fn shrink(&self) -> Smaller<Self> {
        smaller(&self.micros(), Self::from_micros)
    }
}

impl Arbitrary for Lifetime {
    /// Whole seconds or a `timedelta`, some of them negative, and some longer than any `timedelta`.
    fn arbitrary(g: &mut Gen) -> Self {
        match u8::arbitrary(g) % 6 {
            0 => Self::Seconds(i64::arbitrary(g)),
            1 => Self::Seconds(i8::arbitrary(g).into()),
            2 => Self::Delta(f64::from(i32::arbitrary(g)) / 1_000_000.0),
            _ => Self::Seconds(u32::arbitrary(g).into()),
        }
    }

    fn shrink(&self) -> Smaller<Self> {
        match *self {
            Self::Seconds(seconds) => smaller(&seconds, Self::Seconds),
            Self::Delta(seconds) => Box::new([Self::Seconds(seconds as i64)].into_iter()),
        }
    }
}

impl Arbitrary for Key {
    /// Text or bytes, sometimes empty.
    fn arbitrary(g: &mut Gen) -> Self {
        if bool::arbitrary(g) { Self::Text(Arbitrary::arbitrary(g)) } else { Self::Bytes(Arbitrary::arbitrary(g)) }
    }

    fn shrink(&self) -> Smaller<Self> {
        match self {
            Self::Bytes(bytes) => smaller(bytes, Self::Bytes),
            Self::Text(text) => smaller(text, Self::Text),
        }
    }
}

impl Arbitrary for Fallbacks {
    /// Mostly a list of keys.
    fn arbitrary(g: &mut Gen) -> Self {
        if rarely(g, 6) {
            Self::Text(Arbitrary::arbitrary(g))
        } else {
            Self::Keys(Arbitrary::arbitrary(&mut within(g)))
        }
    }

    fn shrink(&self) -> Smaller<Self> {
        match self {
            Self::Keys(keys) => smaller(keys, Self::Keys),
            Self::Text(text) => smaller(text, Self::Text),
        }
    }
}

impl Arbitrary for Digest {
    fn arbitrary(g: &mut Gen) -> Self {
        one_of(g, Self::Sha1, &[Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512])
    }
}

impl Arbitrary for KeyDerivation {
    fn arbitrary(g: &mut Gen) -> Self {
        one_of(g, Self::Hmac, &[Self::Concat, Self::DjangoConcat, Self::None])
    }
}

impl Arbitrary for FallbackTextChoice {
    fn arbitrary(g: &mut Gen) -> Self {
        one_of(g, Self::Letters, &[Self::Refuse, Self::Whole])
    }
}

impl Arbitrary for Config {
    /// Flask's defaults with a key in most cases, and other members now and then.
    fn arbitrary(g: &mut Gen) -> Self {
        let secret_key = if rarely(g, 16) { None } else { Some(Key::arbitrary(g)) };
        let mut config = Self { secret_key, ..Self::default() };
        if rarely(g, 3) {
            config.fallback_keys = Some(Fallbacks::arbitrary(g));
        }
        if rarely(g, 2) {
            config.lifetime = Lifetime::arbitrary(g);
        }
        if rarely(g, 4) {
            config.salt = String::arbitrary(g);
        }
        if rarely(g, 3) {
            (config.digest, config.key_derivation) = (Digest::arbitrary(g), KeyDerivation::arbitrary(g));
        }
        if rarely(g, 3) {
            config.refresh_each_request = bool::arbitrary(g);
            config.cookie_httponly = bool::arbitrary(g);
            config.cookie_secure = bool::arbitrary(g);
            config.cookie_partitioned = bool::arbitrary(g);
            config.cookie_samesite = one_of(g, None, &["Lax", "None", "Strict"].map(|word| Some(word.to_owned())));
        }
        config
    }

    fn shrink(&self) -> Smaller<Self> {
        let whole = self.clone();
        // Flask's own first, then a smaller key.
        let key = whole.secret_key.clone();
        let plain = Self { secret_key: key.clone(), ..Self::default() };
        let plain = (plain != whole).then_some(plain);
        let keys = key.shrink().map(move |key| Self { secret_key: key, ..whole.clone() });
        Box::new(plain.into_iter().chain(keys))
    }
}

#[cfg(test)]
mod tests;
