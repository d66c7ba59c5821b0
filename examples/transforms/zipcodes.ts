// Converts CSV to NDJSON, compressed with zstd. A ZIP code stays a text: 00501 is not 501.

type Row = Record<'zip_code' | 'latitude' | 'longitude' | 'city' | 'state' | 'county', string>

export default ({ zip_code: zip, latitude, longitude, city, state, county }: Row) => ({
  zip,
  city,
  state,
  county: county || null,
  at: { latitude: Number(latitude), longitude: Number(longitude) },
})
