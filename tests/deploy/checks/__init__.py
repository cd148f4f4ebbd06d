"""Rules that manifests must keep, each a function from objects to what is wrong with them."""
