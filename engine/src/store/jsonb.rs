//! SQLite's binary JSON, written directly: rows of plain values without escaping, and nothing for
//! SQLite to parse. The format is <https://sqlite.org/jsonb.html>.
//!
//! Invariant: every size takes four bytes, which the format allows, so that it can be filled in once
//! the content is there.

use serde::ser::{Error as _, Impossible, Serialize, SerializeSeq, SerializeTuple, Serializer};

/// What serde reports when a value is not one that a row may hold.
pub(super) type Error = serde::de::value::Error;

const NULL: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const INTEGER: u8 = 3;
/// Text as it is, escaped nowhere.
const RAW_TEXT: u8 = 10;
const ARRAY: u8 = 11;
/// In the upper half of the first byte: a size of four bytes follows.
const FOUR_BYTES: u8 = 14 << 4;

/// What comes before the content of an element that has one.
pub(super) const HEAD: usize = 5;

/// Begins an element and returns where its content begins.
fn begin(out: &mut Vec<u8>, kind: u8) -> usize {
    out.extend_from_slice(&[FOUR_BYTES | kind, 0, 0, 0, 0]);
    out.len()
}

fn end(out: &mut [u8], content: usize) {
    // SQLite takes 1 GB at most, which is refused long before it comes here.
    let size = u32::try_from(out.len() - content).unwrap_or(u32::MAX);
    out[content - 4..content].copy_from_slice(&size.to_be_bytes());
}

/// Begins an array of rows.
pub(super) fn begin_array(out: &mut Vec<u8>) {
    begin(out, ARRAY);
}

/// Ends the array that takes up all of `out`.
pub(super) fn end_array(out: &mut [u8]) {
    end(out, HEAD);
}

/// A plain value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain<'b> {
    Null,
    Integer(i64),
    /// Text as it is.
    Text(&'b [u8]),
}

/// The elements of what was written here: for each its kind and its content.
struct Elements<'b>(&'b [u8]);

impl<'b> Iterator for Elements<'b> {
    type Item = (u8, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.0.split_first()?;
        if first & FOUR_BYTES != FOUR_BYTES {
            self.0 = rest;
            return Some((*first, &[]));
        }
        let (size, rest) = rest.split_first_chunk()?;
        let (content, rest) = rest.split_at_checked(u32::from_be_bytes(*size) as usize)?;
        self.0 = rest;
        Some((first & !FOUR_BYTES, content))
    }
}

/// The rows that are the content of an array.
pub(super) fn rows(content: &[u8]) -> impl Iterator<Item = impl Iterator<Item = Plain<'_>>> {
    Elements(content).map(|(_, row)| Elements(row).map(plain))
}

fn plain((kind, content): (u8, &[u8])) -> Plain<'_> {
    match kind {
        TRUE => Plain::Integer(1),
        FALSE => Plain::Integer(0),
        INTEGER => integer(content).map_or(Plain::Null, Plain::Integer),
        RAW_TEXT => Plain::Text(content),
        _ => Plain::Null,
    }
}

fn integer(digits: &[u8]) -> Option<i64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Appends one element.
pub(super) struct Jsonb<'o>(pub(super) &'o mut Vec<u8>);

pub(super) struct Array<'o> {
    out: &'o mut Vec<u8>,
    content: usize,
}

impl SerializeSeq for Array<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Jsonb(self.out))
    }

    fn end(self) -> Result<(), Error> {
        end(self.out, self.content);
        Ok(())
    }
}

impl SerializeTuple for Array<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<(), Error> {
        SerializeSeq::end(self)
    }
}

fn unsupported<T>(what: &str) -> Result<T, Error> {
    Err(Error::custom(format_args!("a row cannot hold {what}")))
}

macro_rules! integers {
    ($($method:ident: $kind:ty),*) => {$(
        fn $method(self, value: $kind) -> Result<(), Error> {
            let content = begin(self.0, INTEGER);
            self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            end(self.0, content);
            Ok(())
        }
    )*};
}

impl<'o> Serializer for Jsonb<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Array<'o>;
    type SerializeTuple = Array<'o>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    );

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        let content = begin(self.0, RAW_TEXT);
        self.0.extend_from_slice(value.as_bytes());
        end(self.0, content);
        Ok(())
    }

    /// Ids and the like are written in place.
    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        use std::io::Write as _;
        let content = begin(self.0, RAW_TEXT);
        write!(self.0, "{value}").map_err(Error::custom)?;
        end(self.0, content);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.0.push(if value { TRUE } else { FALSE });
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.push(NULL);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Array<'o>, Error> {
        let content = begin(self.0, ARRAY);
        Ok(Array { out: self.0, content })
    }

    fn serialize_tuple(self, length: usize) -> Result<Array<'o>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_f32(self, _: f32) -> Result<(), Error> {
        unsupported("a fraction")
    }

    fn serialize_f64(self, _: f64) -> Result<(), Error> {
        unsupported("a fraction")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        unsupported("bytes")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Error> {
        unsupported(name)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<(), Error> {
        unsupported(name)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        unsupported(name)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        unsupported(name)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        unsupported(name)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        unsupported("a map")
    }

    fn serialize_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, Error> {
        unsupported(name)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        unsupported(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_as_the_format_says() {
        let mut out = Vec::new();
        (7, "é\"", None::<i64>).serialize(Jsonb(&mut out)).unwrap();
        let row = [0xeb, 0, 0, 0, 15];
        let seven = [0xe3, 0, 0, 0, 1, b'7'];
        let text = [0xea, 0, 0, 0, 3, 0xc3, 0xa9, b'"'];
        assert_eq!(out, [&row[..], &seven, &text, &[0]].concat());
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let mut out = Vec::new();
        begin_array(&mut out);
        (-7, "é\"", None::<i64>, true).serialize(Jsonb(&mut out)).unwrap();
        (i64::MAX, "", Some("x"), false).serialize(Jsonb(&mut out)).unwrap();
        let read: Vec<Vec<_>> = rows(&out[HEAD..]).map(Iterator::collect).collect();
        let (text, most) = ("é\"".as_bytes(), Plain::Integer(i64::MAX));
        let first = [Plain::Integer(-7), Plain::Text(text), Plain::Null, Plain::Integer(1)];
        let second = [most, Plain::Text(b""), Plain::Text(b"x"), Plain::Integer(0)];
        assert_eq!(read, [first, second]);
    }

    #[test]
    fn what_a_row_cannot_hold_is_refused() {
        assert!(1.5.serialize(Jsonb(&mut Vec::new())).is_err());
    }
}
