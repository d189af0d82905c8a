//! Little-endian layouts: a writer that appends fields and a reader that refuses to run past the end.

/// Appends fields to a byte string.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn new() -> Writer {
        Writer::default()
    }

    pub fn u8(mut self, value: u8) -> Writer {
        self.bytes.push(value);
        self
    }

    pub fn u16(self, value: u16) -> Writer {
        self.raw(&value.to_le_bytes())
    }

    pub fn u32(self, value: u32) -> Writer {
        self.raw(&value.to_le_bytes())
    }

    pub fn u64(self, value: u64) -> Writer {
        self.raw(&value.to_le_bytes())
    }

    pub fn raw(mut self, bytes: &[u8]) -> Writer {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// `len u8, bytes`; what is past 255 bytes is cut off.
    pub fn short(self, bytes: &[u8]) -> Writer {
        let bytes = &bytes[..bytes.len().min(u8::MAX as usize)];
        self.u8(bytes.len() as u8).raw(bytes)
    }

    /// `len u16, bytes`; what is past 65,535 bytes is cut off.
    pub fn long(self, bytes: &[u8]) -> Writer {
        let bytes = &bytes[..bytes.len().min(u16::MAX as usize)];
        self.u16(bytes.len() as u16).raw(bytes)
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes fields off the front of a byte string; `None` when there are not enough bytes.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub fn raw(&mut self, count: usize) -> Option<&'a [u8]> {
        if count > self.rest.len() {
            return None;
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Some(taken)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.raw(1).map(|bytes| bytes[0])
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.raw(2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.raw(4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.u32().map(|value| value as i32)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.raw(8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes)
    }

    /// `len u8, bytes`.
    pub fn short(&mut self) -> Option<&'a [u8]> {
        let count = self.u8()?;
        self.raw(count as usize)
    }

    /// `len u16, bytes`.
    pub fn long(&mut self) -> Option<&'a [u8]> {
        let count = self.u16()?;
        self.raw(count as usize)
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Succeeds when nothing is left: a payload with bytes behind its fields is malformed.
    pub fn end(&self) -> Option<()> {
        if self.rest.is_empty() {
            Some(())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_in_order() {
        let bytes = Writer::new().u8(1).u16(2).u32(3).u64(4).short(b"ab").long(b"cde").finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Some(1));
        assert_eq!(reader.u16(), Some(2));
        assert_eq!(reader.u32(), Some(3));
        assert_eq!(reader.u64(), Some(4));
        assert_eq!(reader.short(), Some(&b"ab"[..]));
        assert_eq!(reader.long(), Some(&b"cde"[..]));
        assert_eq!(reader.end(), Some(()));
    }

    #[test]
    fn a_declared_length_past_the_end_is_refused() {
        assert_eq!(Reader::new(&[5, b'a']).short(), None);
        assert_eq!(Reader::new(&[1, 2, 3]).u32(), None);
    }
}
