export default (order) => order
