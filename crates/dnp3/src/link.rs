//! The data link layer: frames, addresses, and the state of a pair of stations.
