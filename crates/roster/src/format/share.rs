//! The share as JSON: `{"ppm":400000}`.

use bytes::Bytes;
use gridos_fleet::Share;
use serde::{Deserialize, Serialize};

use crate::FormatError;
use crate::bucket::SHARE;

#[derive(Deserialize, Serialize)]
struct Written {
    /// Parts per million.
    ppm: u32,
}

pub(crate) fn write(share: Share) -> Bytes {
    format!("{{\"ppm\":{}}}", share.ppm()).into()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Share, FormatError> {
    let written: Written =
        serde_json::from_slice(bytes).map_err(|error| FormatError::new(SHARE, error))?;
    Share::from_ppm(written.ppm)
        .ok_or_else(|| FormatError::new(SHARE, format!("{} is more than all", written.ppm)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_reads_back() {
        for share in [Share::NONE, Share::ALL, Share::from_ppm(412_345).unwrap()] {
            assert_eq!(read(&write(share)), Ok(share));
        }
        assert!(read(b"{\"ppm\":1000001}").is_err());
        assert!(read(b"40").is_err());
    }
}
